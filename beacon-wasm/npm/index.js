// Brings the beacon's script into a page, and takes calls before it has come. Importing it does nothing; where there is no page (server-side
// rendering, workers) calling it does nothing either.

// Calls that wait for the script, which a visitor's browser may never load.
const WAITING_MAX = 100;

const OPTIONS = ['site', 'endpoint', 'consent', 'gpc', 'sample', 'session'];

// The function that pages call: the script's, or until it is there one that keeps the calls for it, in the list `q`.
const api = () => {
  if (typeof window == 'undefined' || typeof document == 'undefined') return undefined;
  // An element with that id would be found under the name, too.
  if (typeof window.slowtax != 'function') {
    const waiting = [];
    window.slowtax = (...call) => {
      waiting.push(call);
      // The oldest goes, but consent never does before the rest: the script must know of its withdrawal.
      if (waiting.length > WAITING_MAX) waiting.splice(Math.max(0, waiting.findIndex(([command]) => command != 'consent')), 1);
    };
    window.slowtax.q = waiting;
  }
  return window.slowtax;
};

export const slowtax = (...call) => {
  api()?.(...call);
};

export const load = ({ collector, src = collector && `${`${collector}`.replace(/\/+$/, '')}/slowtax.js`, debug, nonce, integrity, ...options } = {}) => {
  const queue = api();
  // Where the script is there it has put a 0 in the list's place. Who else loads it, from another copy of this file, finds the mark.
  if (!queue || queue.q === 0 || queue.isLoading || !src || !options.site) return;
  queue.isLoading = true;

  const script = document.createElement('script');
  for (const name of OPTIONS) if (options[name] != undefined) script.dataset[name] = options[name];
  if (debug) script.dataset.debug = '';
  if (nonce) script.nonce = nonce;
  if (integrity) {
    script.integrity = integrity;
    // Of another origin, what was not asked for with CORS cannot be held against its hash.
    script.crossOrigin = 'anonymous';
  }
  script.async = true;
  script.src = src;
  document.head.append(script);
};
