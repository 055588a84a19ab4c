// Paints: the first ones, the largest (its element and URL, and when its resource came), and those of soft navigations.

import { paint, stripped } from './page.js';
import { selector } from './selector.js';
import { base, left, startAt, zero } from './view.js';

export let first, contentful, largest;
export let isPainted; // the document: what is not painted does not shift
let element, url, requested, responded;
let soft; // the view's Soft Navigation entry

export const beginPaints = () =>
  (first = contentful = largest = element = url = requested = responded = soft = undefined);

export const painted = ({ name, startTime }) => {
  if (name == 'first-paint') first = startTime;
  else contentful = isPainted = startTime;
};

// Of a restored view the browser has no entries: the second frame is its first paint, and its largest.
export const restored = () => {
  contentful = performance.now();
  largest = { startTime: contentful };
};

// Takes in the entry that is LCP, at once: the element may be gone later, and nothing here keeps it.
export const paintedLargest = (entry) => {
  if (!entry || entry == largest) return;
  largest = entry;
  const { id, startTime } = entry;
  element = selector(entry.element) || (id && '#' + id);
  url = stripped(entry.url);
  // Of those that were requested before it was painted the last.
  const start = (resource) => resource.requestStart || resource.startTime;
  const resource = performance
    .getEntriesByName(entry.url || '', 'resource')
    .filter((resource) => start(resource) <= startTime)
    .pop();
  requested = resource && start(resource);
  responded = resource?.responseEnd;
};

export const largestElement = () => [element, url];
// Its parts behind the first byte: web.dev/articles/optimize-lcp.
export const largestParts = (ttfb, lcp) => {
  const from = Math.max(ttfb, requested - base || 0);
  const loaded = Math.min(lcp, Math.max(from, responded - base || 0));
  return [from - ttfb, loaded - from, lcp - loaded];
};

export const softNavigation = (entry) => {
  const { startTime, paintTime, presentationTime = paintTime } = entry;
  if (left) left.entry = entry;
  if (left || !zero || soft) return;
  soft = entry;
  // The view began with what the visitor did, a moment before the history said so.
  startAt(startTime);
  contentful = presentationTime;
  const largest = entry.getLargestInteractionContentfulPaint?.();
  if (largest) softlyPainted(largest);
};
export const softlyPainted = ({ interactionId, largestContentfulPaint }) => {
  if (soft && interactionId == soft.interactionId && largestContentfulPaint) {
    const { renderTime, element, url, id } = largestContentfulPaint;
    paint({ startTime: renderTime, element, url, id });
  }
};
