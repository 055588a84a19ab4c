// The report page: draws what the address says, from what the collector answers, and asks again every minute.

import './main.css';

import * as api from './api';
import { type Context, context } from './context';
import { replace } from './dom';
import * as names from './format';
import { sweep } from './kept';
import { Loader } from './load';
import { prepare } from './map/map';
import { createHead } from './panels/head';
import { refreshMoments } from './panels/messages';
import { SITE_PLACE, type State, format, isSamePlace, parse } from './state';
import { ask, view } from './view';

/** The slider rests this long before the exact figures are asked for. */
const SETTLE_MS = 250;

let state: State = parse(location.search);
let settledTargetMs: number = state.targetMs;
let settling = 0;
let drawing = 0;
let addressing = 0;
let me: api.Me | null = null;
let last: { site: api.Site; context: Context } | null = null;

const mainElement = element('main');
const loader = new Loader(drawSoon, (isBusy) => isBusy && mainElement.setAttribute('aria-busy', 'true'), rowsOrLogin);
const head = createHead({ change, state: () => state });
element('head').append(...head.elements);

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`no #${id}`);
  return found;
}

/** Another state, and an address for it; `remember` makes the present one reachable by the back button. */
function change(part: Partial<State>, remember = true): void {
  const before = state;
  if (addressing !== 0) writeAddress();
  state = { ...state, ...part };
  if (remember) {
    // Where somebody comes back to, with the back button.
    history.replaceState({ focus: document.activeElement?.getAttribute('data-focus') ?? null }, '');
    history.pushState(null, '', address());
  } else if (part.targetMs === undefined) {
    writeAddress();
  } else {
    // Once the change is painted: the browser takes its time over an address, and a slider that moves makes many.
    addressing = setTimeout(writeAddress, 0);
  }
  if (part.targetMs !== undefined) settle();
  else settledTargetMs = state.targetMs;
  draw();
  if (!isSamePlace(before, state)) arrive();
}

function address(): string {
  return location.pathname + format(state);
}

function writeAddress(): void {
  clearTimeout(addressing);
  addressing = 0;
  history.replaceState(null, '', address());
}

function focusHeading(): void {
  const heading = document.getElementById('scope-title') ?? mainElement;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** Another view begins at its top, and a screen reader with its heading. */
function arrive(): void {
  scrollTo({ top: 0 });
  focusHeading();
}

function settle(): void {
  clearTimeout(settling);
  settling = setTimeout(() => {
    settledTargetMs = state.targetMs;
    draw();
  }, SETTLE_MS);
}

/** Several answers that arrive together are drawn together. */
function drawSoon(): void {
  if (drawing === 0) drawing = setTimeout(draw, 0);
}

function draw(): void {
  clearTimeout(drawing);
  drawing = 0;
  loader.begin();
  const sites = loader.get<api.Site>('sites', {});
  const site = siteOf(sites.rows ?? []);
  if (sites.rows === null && sites.status === 'loading' && state.site !== null) askAhead(state.site);
  const shown = view(sites, site === null ? null : contextOf(site), loader);
  head.update({ sites: sites.rows, site, context: site === null ? null : contextOf(site), overview: shown.overview, me });
  replace(mainElement, ...shown.children);
  loader.done();
  sweep();
  document.title = title(site);
  mainElement.setAttribute('aria-busy', String(loader.isBusy || settledTargetMs !== state.targetMs));
}

/** The address says which site, so its tables need not wait for the list of sites. Nothing is drawn of them before it is there: it has the currency. */
function askAhead(site: string): void {
  const unknown = { site, name: null, currency: null, conversion_goal: null, views: 0, first_day: null, last_day: null };
  ask(context(unknown, { state: () => state, targetMs: () => settledTargetMs, loader, change }));
}

function siteOf(sites: api.Site[]): api.Site | null {
  const named = sites.find(({ site }) => site === state.site);
  return named ?? sites.find(({ views }) => views > 0) ?? sites[0] ?? null;
}

/** The same one for the same site: what is drawn with it stays good. */
function contextOf(site: api.Site): Context {
  if (last === null || JSON.stringify(last.site) !== JSON.stringify(site)) {
    last = { site, context: context(site, { state: () => state, targetMs: () => settledTargetMs, loader, change }) };
  }
  return last.context;
}

function title(site: api.Site | null): string {
  const failures = state.view === 'incidents' || state.incident !== null ? 'Incidents' : null;
  const parts = [failures, state.page, state.country === null ? null : names.country(state.country), site?.name ?? site?.site, 'Slowtax'];
  return parts.filter((part) => part !== null && part !== undefined).join(' \u00b7 ');
}

async function rowsOrLogin(asked: string, signal: AbortSignal): Promise<unknown[]> {
  try {
    return await api.rows(asked, signal);
  } catch (error) {
    logInIfAsked(error);
    throw error;
  }
}

function logInIfAsked(error: unknown): void {
  if (!(error instanceof api.ApiError) || error.reason !== 'login_required') return;
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

addEventListener('popstate', (event) => {
  const before = state;
  clearTimeout(addressing);
  addressing = 0;
  state = parse(location.search);
  settledTargetMs = state.targetMs;
  clearTimeout(settling);
  draw();
  if (isSamePlace(before, state)) return;
  const focus = (event.state as { focus?: string } | null)?.focus;
  const element = focus ? document.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focus)}"]`) : null;
  if (element === null) focusHeading();
  else element.focus({ preventScroll: true });
});
// A page that nobody looks at asks nothing; it asks when it is looked at again.
const tick = () => document.visibilityState === 'visible' && loader.tick(Date.now());
document.addEventListener('visibilitychange', tick);
setInterval(() => {
  refreshMoments();
  tick();
}, 1000);

draw();
if (isSamePlace(state, { ...state, ...SITE_PLACE })) setTimeout(prepare, 0);
api.me(new AbortController().signal).then(
  (known) => {
    me = known;
    drawSoon();
  },
  // Without it the page works as well: who looks is then not shown.
  logInIfAsked,
);
