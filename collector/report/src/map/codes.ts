// Which shape of the atlas is which country, and where the countries are that are too small for one.

/** ISO 3166-1: alpha-2 and numeric code of each country that has a shape. */
const CODES =
  'AE784AF004AL008AM051AO024AR032AT040AU036AZ031BA070BD050BE056BF854BG100BI108BJ204BN096BO068BR076BS044BT064BW072BY112BZ084CA124CD180CF140CG178'
  + 'CH756CI384CL152CM120CN156CO170CR188CU192CY196CZ203DE276DJ262DK208DO214DZ012EC218EE233EG818EH732ER232ES724ET231FI246FJ242FK238FR250GA266GB826'
  + 'GE268GH288GL304GM270GN324GQ226GR300GT320GW624GY328HN340HR191HT332HU348ID360IE372IL376IN356IQ368IR364IS352IT380JM388JO400JP392KE404KG417KH116'
  + 'KP408KR410KW414KZ398LA418LB422LK144LR430LS426LT440LU442LV428LY434MA504MD498ME499MG450MK807ML466MM104MN496MR478MW454MX484MY458MZ508NA516NC540'
  + 'NE562NG566NI558NL528NO578NP524NZ554OM512PA591PE604PG598PH608PK586PL616PR630PS275PT620PY600QA634RO642RS688RU643RW646SA682SB090SD729SE752SI705'
  + 'SK703SL694SN686SO706SR740SS728SV222SY760SZ748TD148TF260TG768TH764TJ762TL626TM795TN788TR792TT780TW158TZ834UA804UG800US840UY858UZ860VE862VN704'
  + 'VU548YE887ZA710ZM894ZW716';

const BY_NUMBER = new Map((CODES.match(/.{5}/g) ?? []).map((pair): [string, string] => [pair.slice(2), pair.slice(0, 2)]));

/** The code of a shape; `null` for one that no beacon names. Kosovo has a code by usage, and no number. */
export function codeOf(id: string | number | undefined, name: unknown): string | null {
  if (id === undefined) return name === 'Kosovo' ? 'XK' : null;
  return BY_NUMBER.get(String(id).padStart(3, '0')) ?? null;
}

/** Code, longitude and latitude. */
export const SMALL: readonly (readonly [string, number, number])[] = [
  ['AD', 1.6, 42.5], ['AG', -61.8, 17.1], ['AW', -70, 12.5], ['BB', -59.5, 13.2], ['BH', 50.5, 26], ['BM', -64.8, 32.3], ['CV', -23.6, 15.1],
  ['CW', -69, 12.2], ['DM', -61.4, 15.4], ['FM', 158.2, 6.9], ['FO', -6.9, 62], ['GD', -61.7, 12.1], ['GG', -2.6, 49.5], ['GI', -5.3, 36.1],
  ['GP', -61.6, 16.2], ['GU', 144.8, 13.4], ['HK', 114.2, 22.3], ['IM', -4.5, 54.2], ['JE', -2.1, 49.2], ['KI', 173, 1.4], ['KM', 43.3, -11.7],
  ['KN', -62.7, 17.3], ['KY', -81.3, 19.3], ['LC', -61, 13.9], ['LI', 9.5, 47.2], ['MC', 7.4, 43.7], ['MH', 171.2, 7.1], ['MO', 113.5, 22.2],
  ['MQ', -61, 14.7], ['MT', 14.4, 35.9], ['MU', 57.6, -20.3], ['MV', 73.5, 4.2], ['NR', 166.9, -0.5], ['PF', -149.6, -17.7], ['PW', 134.6, 7.5],
  ['RE', 55.5, -21.1], ['SC', 55.5, -4.7], ['SG', 103.8, 1.35], ['SM', 12.5, 43.9], ['ST', 6.7, 0.3], ['TC', -71.8, 21.8], ['TO', -175.2, -21.2],
  ['TV', 179.2, -8.5], ['VA', 12.45, 41.9], ['VC', -61.2, 13.2], ['VG', -64.6, 18.4], ['VI', -64.8, 18.3], ['WS', -171.8, -13.8], ['YT', 45.2, -12.8],
];
