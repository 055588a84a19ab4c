// What the stub hands over, and what does not change while the document lives.

// The collector's address, the API's calls and errors, how the stub is made to send, to begin a view, and to take a paint for LCP, its way to
// keep exceptions from the page, the storage of the session, and the attributes of the script tag.
export let href, calls, send, begin, paint, safe, store, settings;

export const receive = (given) => ([href, calls, send, begin, paint, safe, store, settings] = given);

export const on = (type, f) => addEventListener(type, safe(f), true);

export const [navigation] = performance.getEntriesByType('navigation');
export const { activationStart = 0 } = navigation;

export const hasFrames = PerformanceObserver.supportedEntryTypes.includes('long-animation-frame');

// Of an entry, in the order of beacon-format's types.
export const pick = (names, entry) => Array.from(names.split(' '), (name) => entry[name]);
// The place of a word in a list, as beacon-format's types count: 0 for one that is not in it.
export const place = (words, word) => words.split(' ').indexOf(word) + 1;
export const DELIVERY_TYPES = 'cache navigational-prefetch';

// A URL without query and fragment; of one that carries its content only the scheme.
export const stripped = (url) => (url || '').replace(/^(data:)[^]*|[?#][^]*/, '$1');
