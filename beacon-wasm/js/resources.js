// Resources: all of them added up, by what asked for them and by host, and the costliest one by one.

import { HOST_TOTALS_MAX, RESOURCES_MAX } from './constants.js';
import { DELIVERY_TYPES, href, pick, place, stripped } from './page.js';
import { rank, rows } from './ranked.js';
import { zero } from './view.js';

const TIMES =
  'domainLookupStart domainLookupEnd connectStart secureConnectionStart connectEnd requestStart responseStart responseEnd';
const SIZES = 'transferSize encodedBodySize decodedBodySize responseStatus';
// beacon-format, `Initiator`.
const INITIATORS = {
  __proto__: null,
  script: 1,
  link: 2,
  css: 3,
  img: 4,
  image: 4,
  input: 4,
  fetch: 5,
  xmlhttprequest: 6,
  iframe: 7,
  frame: 7,
  video: 8,
  audio: 8,
  track: 8,
  beacon: 9,
};
// Of beacon-format's `ResourceTotal`, behind its key, the number that is a maximum.
const SLOWEST = 6;

const own = new URL('slowtax', import.meta.url).href;

export let seen, ownBytes;
let types, hosts, costliest;

export const beginResources = () => {
  seen = ownBytes = 0;
  types = {};
  hosts = { __proto__: null };
  costliest = [];
};

const add = (totals, key, numbers) => {
  const sums = (totals[key] ??= [key]);
  let index = 0;
  for (const number of numbers) {
    const sum = sums[++index] || 0;
    sums[index] = index == SLOWEST ? Math.max(sum, number) : sum + (+number || 0);
  }
};

export const resource = (entry) => {
  const { name, duration, startTime, requestStart, transferSize, decodedBodySize, deliveryType } = entry;
  // Not our own beacons.
  if (name == href || startTime < zero) return;
  seen++;
  if (name.startsWith(own)) ownBytes += transferSize;
  const initiator = INITIATORS[entry.initiatorType] || 0;
  // From another origin, without Timing-Allow-Origin.
  const isOpaque = !requestStart && !name.startsWith(location.origin + '/');
  const isBlocking = entry.renderBlockingStatus == 'blocking';
  const isCached = deliveryType == 'cache' || (!transferSize && decodedBodySize > 0);
  const numbers = [1, isCached, isBlocking, isOpaque, entry.responseStatus > 399, duration, duration, transferSize, decodedBodySize];
  const [, host = ''] = /^\w+:\/\/([^/]*)/.exec(name) || [];
  add(types, initiator, numbers);
  // Where there is no more room, the rest of the hosts are one without a name.
  add(hosts, hosts[host] || Object.keys(hosts).filter(Boolean).length < HOST_TOTALS_MAX - 1 ? host : '', numbers);
  // An entry holds no part of the page. Most of those that are seen are not told.
  rank(costliest, RESOURCES_MAX, duration, [entry, initiator, isBlocking + 2 * isOpaque]);
};

const row = ([entry, initiator, flags]) => [
  stripped(entry.name),
  initiator,
  entry.startTime - zero,
  entry.duration,
  ...Array.from(pick(TIMES, entry), (time) => (time > zero ? time - zero : 0)),
  ...pick(SIZES, entry),
  flags,
  entry.nextHopProtocol,
  place(DELIVERY_TYPES, entry.deliveryType),
];

export const typeRows = () => Object.values(types);
export const hostRows = () => Object.values(hosts);
// They are told once.
export const resourceRows = () => rows(costliest.splice(0), row);
