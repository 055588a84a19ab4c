// The report page: asks the collector what the address says, shows the answer, and asks again every minute.

import './main.css';

import * as api from './api';
import { type Child, replace } from './dom';
import { claim, notes } from './panels/notes';
import { countries } from './panels/countries';
import { figures } from './panels/figures';
import { head, wholePeriod } from './panels/head';
import { emptyPeriod, explain, failure, noData, noSites, refreshMoments, simulated, skeleton, stale } from './panels/messages';
import { type Pages, countryPages, pages } from './panels/pages';
import { type Sort, type State, days, format, parse } from './state';

const REFRESH_MS = 60_000;
/** While there is nothing yet, or ClickHouse is away. */
const SOON_MS = 5_000;

interface Answer {
  question: api.Question;
  /** The question as a text. */
  asked: string;
  at: number;
  currency: string | null;
  overview: api.Overview;
  countries: api.CountryRow[];
  pages: api.PageRow[];
}

/** The pages of the open country: `null` while they are on their way. */
interface Opened {
  asked: string;
  rows: api.PageRow[] | null;
  problem: string | null;
}

let state: State = parse(location.search);
let sites: api.Site[] = [];
let answer: Answer | null = null;
let opened: Opened | null = null;
let problem: unknown = null;
let asking = new AbortController();
let timer = 0;

const headElement = element('head');
const mainElement = element('main');

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`no #${id}`);
  return found;
}

function site(): api.Site | null {
  const named = sites.find(({ site }) => site === state.site);
  return named ?? sites.find(({ views }) => views > 0) ?? sites[0] ?? null;
}

function question(of: api.Site): api.Question {
  const { from, to } = days(state.period);
  return { site: of.site, from_day: from, to_day: to, target_ms: state.targetMs };
}

/** Another state, and an address for it; `remember` makes the old one reachable by the back button. */
function change(part: Partial<State>, remember = true): void {
  const before = asked();
  state = { ...state, ...part };
  const address = location.pathname + format(state);
  if (remember) history.pushState(null, '', address);
  else history.replaceState(null, '', address);
  follow(before);
}

/** Shows the state; asks when the answer that is there is not the one to it. */
function follow(before: string): void {
  if (asked() !== before) {
    void ask();
  } else {
    show();
    void askCountry();
  }
}

function asked(): string {
  const of = site();
  return of === null ? '' : JSON.stringify(question(of));
}

/** Asks everything that the state needs. A newer question ends an older one. */
async function ask(): Promise<void> {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  clearTimeout(timer);
  mainElement.setAttribute('aria-busy', 'true');
  show();
  try {
    sites = await api.sites(signal);
    const of = site();
    if (of !== null) await askTables(of, signal);
    problem = null;
  } catch (error) {
    if (signal.aborted) return;
    problem = error;
  }
  mainElement.setAttribute('aria-busy', 'false');
  show();
  void askCountry();
  const nothing = problem !== null || answer === null || answer.overview.views === 0;
  if (problem === null || explain(problem).passing) timer = setTimeout(refresh, nothing ? SOON_MS : REFRESH_MS);
}

async function askTables(of: api.Site, signal: AbortSignal): Promise<void> {
  const asks = question(of);
  const [overview, countryRows, pageRows] = await Promise.all([
    api.overview(asks, signal),
    api.countries(asks, signal),
    api.pages(asks, signal),
  ]);
  answer = {
    question: asks,
    asked: JSON.stringify(asks),
    at: Date.now(),
    currency: of.currency,
    overview,
    countries: countryRows,
    pages: pageRows,
  };
}

/** The open country's pages, unless they are there. */
async function askCountry(): Promise<void> {
  const [of, country] = [site(), state.country];
  if (of === null || country === null || answer === null || problem !== null) return;
  // They belong to the answer: a newer answer asks anew.
  const name = `${answer.at} ${answer.asked} ${country}`;
  if (opened?.asked === name) return;
  const isRefresh = opened !== null && opened.rows !== null && opened.asked.endsWith(`${answer.asked} ${country}`);
  opened = { asked: name, rows: isRefresh && opened !== null ? opened.rows : null, problem: null };
  const { signal } = asking;
  try {
    const rows = await api.countryPages(question(of), country, signal);
    if (opened.asked === name) opened = { asked: name, rows, problem: null };
  } catch (error) {
    if (signal.aborted || opened.asked !== name) return;
    opened = { asked: name, rows: null, problem: explain(error).title };
  }
  show();
}

function refresh(): void {
  // A page that nobody looks at asks nothing; it asks when it is looked at again.
  if (document.visibilityState === 'visible') void ask();
}

function show(): void {
  const of = site();
  const isBusy = mainElement.getAttribute('aria-busy') === 'true';
  const isAnswered = answer !== null && answer.asked === asked();
  // While the next answer is on its way the last one stays, dimmed.
  const shown = isAnswered || (isBusy && problem === null) ? answer : null;
  mainElement.classList.toggle('is-old', shown !== null && !isAnswered);
  replace(headElement, ...head({ sites, site: of, state, overview: shown?.overview ?? null, change }));
  replace(mainElement, ...(shown === null ? without(of, isBusy) : report(of, shown)));
}

/** What is shown while there is no answer. */
function without(of: api.Site | null, isBusy: boolean): Node[] {
  if (problem !== null) return [failure(problem, () => void ask())];
  return [of === null && !isBusy ? noSites() : skeleton()];
}

function report(of: api.Site | null, shown: Answer): Child[] {
  const late = problem !== null && stale(problem, shown.at, () => void ask());
  if (shown.overview.views === 0) return [late, of !== null && nothing(of)];
  const { currency } = shown;
  const pageOptions = { currency, sort: state.pageSort, onSort: (pageSort: Sort) => change({ pageSort }, false) };
  return [
    late,
    simulated(shown.overview),
    figures(shown.overview, currency, shown.question.target_ms),
    claim(),
    countries({
      rows: shown.countries,
      currency,
      sort: state.countrySort,
      onSort: (countrySort) => change({ countrySort }, false),
      country: state.country,
      toggle: (key) => change({ country: key === state.country ? null : key }),
      content: () => openedCountry(shown, pageOptions),
    }),
    pages({ ...pageOptions, rows: shown.pages }),
    notes(),
  ];
}

function openedCountry(shown: Answer, options: Omit<Pages, 'rows'>): HTMLElement {
  const country = state.country ?? '';
  const isThis = opened !== null && opened.asked.endsWith(`${shown.asked} ${country}`);
  return countryPages(country, isThis ? opened?.rows ?? null : null, isThis ? opened?.problem ?? null : null, options);
}

function nothing(of: api.Site): HTMLElement {
  const whole = wholePeriod(of);
  if (of.views === 0 || whole === null) return noData(of);
  return emptyPeriod(of, () => change({ period: whole }));
}

addEventListener('popstate', () => {
  const before = asked();
  state = parse(location.search);
  follow(before);
});
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && (answer === null || Date.now() - answer.at > REFRESH_MS)) void ask();
});
setInterval(refreshMoments, 1000);

void ask();
