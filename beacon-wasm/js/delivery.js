// Ways for a beacon when the browser does not take it at once, and in the end the next page.

import { KEPT_MAX } from './constants.js';
import { href, safe, store } from './page.js';

const KEPT = 'slowtax.kept';

const keep = (raw, at) => {
  const kept = JSON.parse(store()[KEPT] || '[]');
  kept.push([at || Date.now(), btoa(String.fromCharCode(...raw))]);
  let all;
  while ((all = JSON.stringify(kept)).length > KEPT_MAX) kept.shift();
  store()[KEPT] = all;
};


const isOffline = () => navigator.onLine === false;
// Whether the browser takes it.
export const sendBeacon = (body) => !isOffline() && navigator.sendBeacon?.(href, body);

// Sends a beacon: one that the browser has refused, or one that was kept since `at`, in Unix milliseconds.
export const deliver = (raw, at) => {
  // beacon-format, `Tag::Kept`.
  const body = at ? Uint8Array.of(...raw, 16, 8, 0, ...new Uint8Array(Float64Array.of(Date.now() - at).buffer)) : raw;
  const again = safe(() => keep(raw, at));
  if (isOffline()) return again();
  if (at && sendBeacon(body)) return;
  const request = { method: 'POST', body, mode: 'no-cors' };
  try {
    // It has a quota of its own.
    fetchLater(href, { ...request, activateAfter: 0 });
  } catch {
    fetch(href, { ...request, keepalive: true })
      .catch(() => fetch(href, request))
      .catch(again);
  }
};

export const deliverKept = () => {
  const kept = JSON.parse(store()[KEPT] || '[]');
  delete store()[KEPT];
  for (const [at, raw] of kept) deliver(Uint8Array.from(atob(raw), (byte) => byte.charCodeAt()), at);
};
