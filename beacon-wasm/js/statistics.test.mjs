// The core's statistics, without a browser: the modules are told entries, and must make of them what the format's sections say.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { beforeEach, test } from 'node:test';

const FORMAT = new URL('../../beacon-format/src/', import.meta.url);
const ORIGIN = 'https://shop.example';
const BEACONS = 'https://rum.example/v1/beacon';

// The modules reach the wasm's glue, which only a build makes, and which nothing here calls. What follows `?` in a module's address
// goes on to what it imports: so the modules can be loaded again, for a browser of another kind.
const hooks = `export const resolve = async (name, context, next) => {
  if (name == 'slowtax-glue') return { url: 'data:text/javascript,', shortCircuit: true };
  const found = await next(name, context);
  return name[0] == '.' ? { ...found, url: found.url + new URL(context.parentURL).search } : found;
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

// What the modules read of a page when they are loaded, and when a view begins.
Object.assign(globalThis, { self: globalThis, window: globalThis, document: { hidden: false } });
globalThis.location = { origin: ORIGIN, pathname: '/', href: `${ORIGIN}/` };
Object.defineProperty(performance, 'getEntriesByType', { value: () => [{ activationStart: 0 }] });
Object.defineProperty(performance, 'interactionCount', { value: 0 });

// The modules as a browser has them that tells such entries, and what the stub hands over to them.
const load = async (kind, supportedEntryTypes) => {
  globalThis.PerformanceObserver = { supportedEntryTypes };
  const core = {};
  for (const name of ['view', 'page', 'constants', 'errors', 'frames', 'interactions', 'ranked', 'resources', 'selector', 'shifts']) {
    core[name] = await import(`./${name}.js?${kind}`);
  }
  const calls = { goal: [], page: [], set: [], error: [] };
  const nothing = () => {};
  core.page.receive([BEACONS, calls, nothing, nothing, nothing, (f) => f, () => ({}), {}]);
  return { ...core, calls };
};
const withTasks = await load('tasks', ['longtask']);
const { calls, constants, errors, frames, interactions, page, ranked, resources, selector, shifts, view } = await load('frames', [
  'long-animation-frame',
]);

beforeEach(() => {
  calls.error = [];
  view.beginView(0);
});

// Numbers in [0, 1), the same in every run (mulberry32).
const numbers = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};
const oneOf = (random, list) => list[Math.floor(random() * list.length)];
const count = (length, make) => Array.from({ length }, (_, index) => make(index));

// The numbers of an enumeration of the format, by name.
const enumeration = (name) => {
  const [, body] = new RegExp(`\\b${name} \\{([^}]*)\\}`).exec(readFileSync(new URL('types.rs', FORMAT), 'utf8'));
  return Object.fromEntries(Array.from(body.matchAll(/^\s*(\w+) = (\d+),$/gm), ([, variant, number]) => [variant, +number]));
};

const element = (id, more) => ({ nodeType: 1, nodeName: 'DIV', id, parentNode: null, ...more });
const text = (parentNode) => ({ nodeType: 3, nodeName: '#text', parentNode });

// Layout shifts.

const shift = (value, at, id = 'a') => shifts.shift(value, at, [{ node: element(id) }]);
// As it is told: in whole ten-thousandths.
const stability = () => {
  const [sum, largest, at, element] = shifts.stability();
  return [Math.round(sum), Math.round(largest), at, element];
};

test('shifts are summed in windows, and the largest window counts', () => {
  shift(0.05, 100, 'a');
  shift(0.02, 900, 'b');
  shift(0.03, 2000, 'c');
  shift(0.03, 2999, 'd');
  shift(0.02, 3998, 'e');
  shift(0.01, 5000, 'f');
  // Of equal ones the later.
  assert.deepEqual(stability(), [800, 300, 2999, '#d']);
});

test('a window is shorter than five seconds', () => {
  for (let index = 0; index < 8; index++) shift(0.01, 100 + index * 900);
  assert.equal(stability()[0], 600);
});

test('a window ends with a second of none, and with its fifth second', () => {
  shift(0.1, 0);
  shift(0.1, 999);
  shift(0.1, 1999);
  assert.equal(stability()[0], 2000, 'a gap of a second is one');
  view.beginView(0);
  for (const at of [0, 999, 1998, 2997, 3996, 4995, 5000]) shift(0.1, at);
  assert.equal(stability()[0], 6000, 'the shift at five seconds begins another');
});

test('of windows with the same sum the first counts, and a larger one takes its place', () => {
  shift(0.25, 0, 'first');
  shift(0.25, 2000, 'second');
  assert.deepEqual(stability(), [2500, 2500, 0, '#first']);
  shift(0.125, 2500, 'more');
  assert.deepEqual(stability(), [3750, 2500, 2000, '#second']);
});

test('of what a shift moved the first element is told, or what there is', () => {
  const told = (...sources) => {
    view.beginView(0);
    shifts.shift(0.1, 0, sources);
    return stability()[3];
  };
  assert.equal(told({ node: null }, { node: text(element('a')) }, { node: element('b') }, { node: element('c') }), '#b');
  assert.equal(told({ node: text(element('a')) }), '#a>TEXT');
  assert.equal(told({ node: null }), '', 'an element that is gone');
  assert.equal(told(), '');
});

test('without a shift the score is 0, and no shift is the largest', () => {
  assert.deepEqual(shifts.stability(), [0, NaN, undefined, undefined]);
});

// web.dev/articles/cls, written once more: cut all shifts into windows, and take the first of those with the largest sum.
const windows = ([first, ...rest]) => {
  if (!first) return [];
  const all = [first, ...rest];
  const end = rest.findIndex(({ at }, index) => at - all[index].at >= 1000 || at - first.at >= 5000) + 1 || all.length;
  return [all.slice(0, end), ...windows(all.slice(end))];
};
const naiveStability = (all) => {
  const sums = windows(all).map((shifts) => shifts.reduce((sum, { value }) => sum + value, 0));
  const worst = windows(all)[sums.indexOf(Math.max(...sums))];
  const largest = Math.max(...worst.map(({ value }) => value));
  const { at, id } = worst.findLast(({ value }) => value == largest);
  return [Math.max(...sums) * 1e4, largest * 1e4, at, `#${id}`];
};

test('of whatever shifts CLS is what the definition says', () => {
  const random = numbers(1);
  for (let round = 0; round < 500; round++) {
    view.beginView(0);
    // Parts of a power of two are summed exactly, and few values make many that are equal.
    const values = oneOf(random, [[1], [1, 2], [1, 2, 3, 50, 400]]);
    const gaps = oneOf(random, [[999, 1000, 1001], [0, 1, 500, 999], [250, 1250], [625], [3, 70, 800, 4000]]);
    const all = [];
    for (let at = Math.floor(random() * 3000), index = 0; all.length < 60; at += oneOf(random, gaps), index++) {
      const value = oneOf(random, values) / 1024;
      all.push({ value, at, id: `e${index}` });
      shift(value, at, `e${index}`);
      if (random() < 0.2) assert.deepEqual(shifts.stability(), naiveStability(all), `round ${round}: ${JSON.stringify(all)}`);
    }
    assert.deepEqual(shifts.stability(), naiveStability(all), `round ${round}: ${JSON.stringify(all)}`);
  }
});

// Interactions.

const POINTER = 1;
const KEYBOARD = 2;
const event = (id, start, duration, [from, to], element, kind = KEYBOARD) =>
  interactions.interact(id, start, duration, from, to, kind, element);

test('the longest interaction is told with the parts of its frame', () => {
  event(0, 995, 130, [996, 1010], '');
  event(7, 1000, 128, [1010, 1090], '');
  event(7, 1000, 128, [1090, 1100], '#late');
  event(8, 2000, 48, [2001, 2040], '#other', POINTER);
  // It took 128 ms from 1000 on: 0 until a handler ran, 100 while they did, 28 until the paint.
  assert.deepEqual(interactions.latency(2), [128, 1000, 0, 100, 28, KEYBOARD, '#late']);
});

test('times count from when the view began', () => {
  view.beginView(5000);
  event(1, 6000, 100, [6010, 6080], '#a');
  assert.deepEqual(interactions.latency(1), [100, 1000, 10, 70, 20, KEYBOARD, '#a']);
});

test('handlers that go on after the paint count until then', () => {
  event(1, 1000, 100, [1020, 1130], '#a');
  assert.deepEqual(interactions.latency(1).slice(2, 5), [20, 80, 0]);
  view.beginView(0);
  // Durations are rounded: the handlers began after what is said to be the paint.
  event(1, 1000, 16, [1020, 1030], '#a');
  assert.deepEqual(interactions.latency(1).slice(2, 5), [20, 0, 0]);
});

test('events that end within 8 ms of each other were presented by one frame', () => {
  const processing = (end) => {
    view.beginView(0);
    event(1, 1000, 100, [1010, 1020], '#a');
    event(0, 1030, end - 1030, [1030, 1060], '');
    return interactions.latency(1)[3];
  };
  assert.deepEqual([1091, 1092, 1108, 1109].map(processing), [10, 50, 50, 10]);
});

test('the frame of one of the longest is known however many come after it', () => {
  event(1, 1000, 400, [1300, 1310], '#a');
  for (let index = 1; index <= 50; index++) event(0, 2000 + index * 100, 16, [2000 + index * 100, 2001 + index * 100], '');
  event(0, 1100, 300, [1200, 1380], '');
  assert.deepEqual(interactions.latency(1).slice(2, 5), [200, 180, 20]);
});

test('of frames without an interaction the ten latest are known', () => {
  const delay = (others) => {
    view.beginView(0);
    event(0, 1110, 90, [1110, 1120], '');
    for (let index = 1; index <= others; index++) event(0, 2000 + index * 100, 16, [2000 + index * 100, 2001 + index * 100], '');
    event(1, 1100, 100, [1130, 1140], '#a');
    return interactions.latency(1)[2];
  };
  assert.deepEqual([0, 9, 10].map(delay), [10, 10, 30]);
});

test('the first target that is known stays', () => {
  event(1, 1000, 40, [1000, 1010], '#first');
  event(1, 1005, 80, [1020, 1030], '#second', POINTER);
  assert.deepEqual(interactions.latency(1), [80, 1005, 15, 10, 55, POINTER, '#first']);
  event(1, 1010, 48, [1040, 1050], '#third');
  assert.deepEqual(interactions.latency(1).slice(0, 2), [80, 1005], 'a shorter event changes nothing');
});

test('the target is that of the longest event, or of one that began and ended with it', () => {
  event(1, 1000, 80, [1000, 1010], '');
  event(1, 1000, 40, [1010, 1020], '#shorter');
  event(1, 1008, 80, [1010, 1020], '#later');
  assert.equal(interactions.latency(1)[6], '');
  event(1, 1000, 80, [1010, 1020], '#same');
  assert.equal(interactions.latency(1)[6], '#same');
});

test('of every fifty interactions one is passed over', () => {
  for (let index = 1; index <= 120; index++) event(index, index * 1000, ((index * 37) % 121) * 8, [index * 1000, index * 1000], '');
  const told = [0, 49, 50, 99, 100, 120, 449, 450, 5000].map((count) => interactions.latency(count)[0]);
  // Ten are known: of those the last is told when more should be passed over.
  assert.deepEqual(told, [960, 960, 952, 952, 944, 944, 896, 888, 888]);
});

test('an interaction that took no time that could be measured is told while there is room', () => {
  event(3, 10, 0, [10, 10], '#a');
  assert.deepEqual(interactions.latency(1), [0, 10, 0, 0, 0, KEYBOARD, '#a']);
});

test('where the browser does not count interactions the longest is told', () => {
  event(1, 100, 80, [100, 150], '#a');
  event(2, 900, 160, [900, 950], '#b');
  assert.deepEqual(interactions.latency(NaN).slice(0, 2), [160, 900]);
});

test('where none was long enough to be told, nothing is known', () => {
  const unknown = [undefined, NaN, NaN, NaN, NaN, undefined, undefined];
  assert.deepEqual(interactions.latency(3), unknown);
  event(0, 1000, 200, [1010, 1020], '');
  assert.deepEqual(interactions.latency(3), unknown, 'an event of no interaction is none');
});

// web.dev/articles/inp, written once more: of all interactions, longest first, the one that is left when for every fifty that there
// were one is passed over; only ten are known.
const naiveLatency = (durations, count) => {
  const known = [...durations.values()].sort((a, b) => b - a).slice(0, 10);
  return known[Math.min(known.length - 1, Math.floor(count / 50))];
};

test('of whatever interactions INP is what the definition says, and its parts are the whole', () => {
  const random = numbers(2);
  for (let round = 0; round < 150; round++) {
    view.beginView(0);
    const max = Math.floor(random() * 600);
    const longest = oneOf(random, [16, 100, 1000, 8000]);
    const durations = new Map();
    // Those that were too short for an entry are only counted.
    let short = 0;
    for (let index = 0; index < max; index++) {
      if (random() < 0.1) short++;
      // Most events belong to a new interaction, some to one of before; an interaction may have long been forgotten by then.
      const id = random() < 0.7 || !durations.size ? durations.size + 1 : Math.ceil(random() * durations.size);
      const start = index * oneOf(random, [3, 400]);
      const duration = Math.round((random() * longest) / 8) * 8;
      const from = start + random() * duration;
      const to = from + random() * duration;
      durations.set(id, Math.max(durations.get(id) ?? 0, duration));
      event(id, start, duration, [from, to], `#i${id}`);
      if (random() > 0.1 && index < max - 1) continue;

      const all = durations.size + short;
      const [inp, at, ...more] = interactions.latency(all);
      const parts = more.slice(0, 3);
      assert.equal(inp, naiveLatency(durations, all), `round ${round}, ${all} interactions`);
      assert.ok(at >= 0 && parts.every((part) => part >= 0), `round ${round}: ${parts}`);
      assert.ok(Math.abs(parts.reduce((sum, part) => sum + part) - inp) < 1e-6, `round ${round}: ${parts} of ${inp}`);
      assert.equal(durations.get(+more[4].slice('#i'.length)), inp, `round ${round}: the element is another's`);
    }
  }
});

// Resources.

const fetched = (more) => {
  resources.resource({
    name: `${ORIGIN}/x`,
    initiatorType: 'img',
    startTime: 10,
    requestStart: 12,
    duration: 5,
    transferSize: 100,
    encodedBodySize: 90,
    decodedBodySize: 200,
    responseStatus: 200,
    renderBlockingStatus: 'non-blocking',
    nextHopProtocol: 'h2',
    deliveryType: '',
    ...more,
  });
};
// Of rows by host or by type, how many resources each has.
const counts = (rows) => rows.map(([key, count]) => [key, count]);
// All rows as one, without their keys: the slowest is a maximum.
const together = (rows) => {
  const both = (one, other, index) => (index == 5 ? Math.max(one, other) : one + other);
  return rows.map(([, ...numbers]) => numbers).reduce((all, numbers) => numbers.map((number, index) => both(number, all[index], index)));
};

test('resources are added up by what asked for them and by host', () => {
  const { Script, Image, Fetch } = enumeration('Initiator');
  const from = (initiatorType, host, duration, transferSize) =>
    fetched({
      name: host ? `https://${host}/x` : 'data:text/plain,x',
      initiatorType,
      duration,
      transferSize,
      decodedBodySize: 2 * transferSize,
      responseStatus: 404,
      renderBlockingStatus: 'blocking',
    });
  from('img', 'a.example', 10, 1000);
  from('img', 'b.example', 30, 500);
  from('script', 'a.example', 20, 5e9);
  for (let index = 0; index < 40; index++) from('fetch', `h${index}.example`, 1, 1);
  from('fetch', '', 1, 1);

  assert.deepEqual(counts(resources.typeRows()), [[Script, 1], [Image, 2], [Fetch, 41]]);
  const hosts = resources.hostRows();
  assert.equal(hosts.length, constants.HOST_TOTALS_MAX);
  // Count, cached, blocking, opaque, failed, slowest, all durations, bytes transferred and decoded.
  assert.deepEqual(hosts[0], ['a.example', 2, 0, 2, 0, 2, 20, 30, 5_000_001_000, 10_000_002_000]);
  // 28 of the 40 have a place of their own.
  assert.deepEqual(counts(hosts).at(-1), ['', 13]);
  assert.deepEqual(together(hosts), together(resources.typeRows()), 'nothing is lost');
  assert.equal(resources.seen, 44);
  assert.deepEqual([resources.resourceRows().length, ranked.leftOut], [20, 24]);
  assert.deepEqual([resources.resourceRows().length, resources.hostRows().length], [0, 31], 'totals are told again');
});

test('a host that has a place keeps it when there is no more room', () => {
  for (let index = 0; index < 50; index++) fetched({ name: `https://h${index}.example/` });
  fetched({ name: 'https://h0.example/', duration: 70 });
  fetched({ name: 'https://h49.example/', duration: 90 });
  const [first, ...more] = resources.hostRows();
  assert.deepEqual([first[0], first[1], first[6], first[7]], ['h0.example', 2, 70, 75]);
  const rest = more.at(-1);
  assert.deepEqual([rest[0], rest[1], rest[6]], ['', 21, 90]);
});

test('what has no host takes no place from those that have one', () => {
  fetched({ name: 'data:image/png;base64,iVBOR' });
  for (let index = 0; index < 40; index++) fetched({ name: `https://h${index}.example/` });
  const rows = resources.hostRows();
  assert.equal(rows.length, constants.HOST_TOTALS_MAX);
  assert.deepEqual(counts(rows).find(([host]) => !host), ['', 11]);
});

test('hosts may be called whatever there is in JavaScript', () => {
  const hostile = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'length'];
  for (const host of [...hostile, ...hostile]) fetched({ name: `https://${host}/x`, initiatorType: host });
  assert.deepEqual(counts(resources.hostRows()), hostile.map((host) => [host, 2]));
  assert.deepEqual(counts(resources.typeRows()), [[enumeration('Initiator').Other, 12]]);
  assert.equal(resources.resourceRows().length, 12);
  assert.deepEqual([Object.keys(Object.prototype), {}.transferSize], [[], undefined]);
});

test('what asks for a resource is told as the format counts', () => {
  const expected = {
    Script: ['script'],
    Link: ['link'],
    Css: ['css'],
    Image: ['img', 'image', 'input'],
    Fetch: ['fetch'],
    Xhr: ['xmlhttprequest'],
    Frame: ['iframe', 'frame'],
    Media: ['video', 'audio', 'track'],
    Beacon: ['beacon'],
    Other: ['other', 'early-hints', '', undefined, 'SCRIPT', '0'],
  };
  const numbers = enumeration('Initiator');
  assert.deepEqual(Object.keys(expected).sort(), Object.keys(numbers).sort());
  for (const [variant, types] of Object.entries(expected)) {
    for (const initiatorType of types) {
      view.beginView(0);
      fetched({ initiatorType });
      assert.deepEqual(counts(resources.typeRows()), [[numbers[variant], 1]], initiatorType);
      assert.equal(resources.resourceRows()[0][1], numbers[variant], initiatorType);
    }
  }
});

test('the 20 costliest are told, once', () => {
  for (let index = 0; index < 100; index++) fetched({ name: `https://a.example/${(index * 37) % 100}`, duration: (index * 37) % 100 });
  const told = resources.resourceRows().map(([url, , , duration]) => [url, duration]);
  assert.deepEqual(told, count(20, (index) => [`https://a.example/${99 - index}`, 99 - index]));
  assert.deepEqual(resources.resourceRows(), []);
  fetched({ name: 'https://a.example/later', duration: 1 });
  assert.deepEqual(resources.resourceRows().map(([url]) => url), ['https://a.example/later']);
  assert.equal(ranked.leftOut, 80);
});

test('one that took no time is told while there is room', () => {
  fetched({ duration: 0 });
  assert.equal(resources.resourceRows().length, 1);
});

test('the longest addresses leave room for each other', () => {
  for (let index = 0; index < 20; index++) fetched({ name: `https://a.example/${'x'.repeat(5000)}`, duration: 2e9 });
  assert.equal(resources.resourceRows().length, 20);
});

test('a resource is told field by field, its times from when the view began', () => {
  view.beginView(1000);
  fetched({
    name: 'https://cdn.example/app.js?secret#part',
    initiatorType: 'script',
    startTime: 1100,
    duration: 300.5,
    domainLookupStart: 0,
    domainLookupEnd: 1000,
    connectStart: 1130,
    secureConnectionStart: 1140,
    connectEnd: 1150,
    requestStart: 1160,
    responseStart: 1170,
    responseEnd: 1400.5,
    renderBlockingStatus: 'blocking',
    deliveryType: 'navigational-prefetch',
  });
  const { Script } = enumeration('Initiator');
  const times = [0, 0, 130, 140, 150, 160, 170, 400.5];
  assert.deepEqual(resources.resourceRows(), [
    ['https://cdn.example/app.js', Script, 100, 300.5, ...times, 100, 90, 200, 200, 1, 'h2', 2],
  ]);
});

test('opaque, cached, failed and blocking resources are counted', () => {
  const counted = (more) => {
    view.beginView(0);
    fetched(more);
    const [[, , cached, blocking, opaque, failed]] = resources.hostRows();
    const flags = resources.resourceRows()[0].at(-3);
    assert.equal(flags, blocking + 2 * opaque);
    return { cached, blocking, opaque, failed };
  };
  const none = { cached: 0, blocking: 0, opaque: 0, failed: 0 };
  assert.deepEqual(counted({}), none);
  assert.deepEqual(counted({ requestStart: 0 }), none, 'from here, and out of a cache that tells nothing');
  assert.deepEqual(counted({ name: `${ORIGIN}.evil.example/x`, requestStart: 0 }), { ...none, opaque: 1 });
  assert.deepEqual(counted({ transferSize: 0 }), { ...none, cached: 1 });
  assert.deepEqual(counted({ transferSize: 0, decodedBodySize: 0 }), none);
  assert.deepEqual(counted({ deliveryType: 'cache' }), { ...none, cached: 1 });
  assert.deepEqual(counted({ responseStatus: 399 }), none);
  assert.deepEqual(counted({ responseStatus: 400 }), { ...none, failed: 1 });
  assert.deepEqual(counted({ renderBlockingStatus: 'blocking' }), { ...none, blocking: 1 });
});

test('what a browser does not tell adds nothing', () => {
  fetched({});
  fetched({ transferSize: undefined, decodedBodySize: undefined, responseStatus: undefined, renderBlockingStatus: undefined });
  assert.deepEqual(resources.hostRows(), [['shop.example', 2, 0, 0, 0, 0, 5, 10, 100, 200]]);
});

test('our own beacons and those of before the view are none of its resources, and our own files are weighed', () => {
  view.beginView(1000);
  fetched({ name: BEACONS, startTime: 1500 });
  fetched({ startTime: 999 });
  assert.deepEqual([resources.seen, resources.typeRows(), resources.resourceRows()], [0, [], []]);
  fetched({ name: new URL('slowtax-0123.wasm', import.meta.url).href, startTime: 1500, transferSize: 7000 });
  fetched({ name: new URL('slowtax.js', import.meta.url).href, startTime: 1500, transferSize: 700 });
  fetched({ startTime: 1500, transferSize: 70 });
  assert.deepEqual([resources.seen, resources.ownBytes], [3, 7700]);
});

// Long frames, marks and measures.

const longFrame = (blockingDuration, more) =>
  frames.animationFrame({ startTime: 1000, duration: 60, blockingDuration, styleAndLayoutStart: 0, scripts: [], ...more });

test('the frames that blocked longest and the first timings are told again and again', () => {
  for (let index = 1; index <= 9; index++) longFrame(((index * 7) % 10) * 10);
  for (let index = 0; index < 25; index++) {
    frames.timing({ entryType: index % 2 ? 'measure' : 'mark', name: `step ${index}`, startTime: 100 + index, duration: index });
  }
  for (let again = 0; again < 2; again++) {
    assert.deepEqual(frames.frameSums(), [[9, 450, 60, false]]);
    assert.deepEqual(frames.frameRows().map(([, , blocking]) => blocking), [90, 80, 70, 60, 50]);
    assert.deepEqual(frames.timingRows(), count(20, (index) => [index % 2 == 1, 100 + index, index, `step ${index}`]));
    assert.equal(ranked.leftOut, 4 + 5);
  }
});

test('of frames that blocked as long the longer is told', () => {
  for (const duration of [60, 80, 70, 95, 65, 90, 85]) longFrame(10, { duration });
  longFrame(11, { duration: 61 });
  assert.deepEqual(frames.frameRows().map(([, duration]) => duration), [61, 95, 90, 85, 80]);
  assert.deepEqual(frames.frameSums(), [[8, 81, 95, false]]);
});

test('a long frame is told with the script that took longest', () => {
  view.beginView(400);
  const script = (duration, name, more) => ({
    duration,
    forcedStyleAndLayoutDuration: 3,
    sourceURL: `https://a.example/${name}.js?q`,
    sourceFunctionName: name,
    invoker: 'BUTTON#b.onclick',
    ...more,
  });
  const scripts = Object.freeze([script(5, 'short'), script(40, 'long'), script(40, 'other'), script(7, 'last')]);
  longFrame(10, { styleAndLayoutStart: 1055, scripts });
  assert.deepEqual(frames.frameRows(), [[600, 60, 10, 5, 40, 3, 'https://a.example/long.js', 'long', 'BUTTON#b.onclick']]);
  view.beginView(0);
  longFrame(10);
  assert.deepEqual(frames.frameRows(), [[1000, 60, 10, 0, undefined, undefined, '', undefined, undefined]]);
});

test('without a long frame there are no sums', () => {
  assert.deepEqual([frames.frameSums(), frames.frameRows(), frames.timingRows()], [[], [], []]);
});

test('long tasks count only where there are no long frames', () => {
  const task = { startTime: 1000, duration: 130 };
  frames.task(task);
  assert.deepEqual(frames.frameSums(), []);
  withTasks.view.beginView(400);
  for (const duration of [130, 60, 250, 51, 90, 70]) withTasks.frames.task({ ...task, duration });
  assert.deepEqual(withTasks.frames.frameSums(), [[6, 651 - 6 * 50, 250, true]]);
  const rows = [250, 130, 90, 70, 60].map((duration) => [600, duration, duration - 50, 0, 0, 0, '', '', '']);
  assert.deepEqual(withTasks.frames.frameRows(), rows);
  assert.equal(withTasks.ranked.leftOut, 1);
});

// What is told one by one.

test('the costliest are kept in whatever order they come', () => {
  const list = [];
  for (let index = 0; index < 1000; index++) {
    const cost = (index * 7919) % 1000;
    ranked.rank(list, 20, cost, `/${cost}`);
  }
  assert.deepEqual(ranked.rows(list), count(20, (index) => `/${999 - index}`));
  assert.equal(ranked.leftOut, 980);
});

test('of two that cost the same the earlier stays', () => {
  const list = [];
  for (let index = 0; index < 9; index++) ranked.rank(list, 3, 1, index);
  assert.deepEqual(ranked.rows(list), [0, 1, 2]);
  ranked.rank(list, 3, 2, 'costlier');
  assert.deepEqual(ranked.rows(list), ['costlier', 0, 1]);
  ranked.rank(list, 3, 1, 'late');
  assert.deepEqual(ranked.rows(list), ['costlier', 0, 1]);
  assert.equal(ranked.leftOut, 8);
});

test('a row is made of what is kept, and of nothing else', () => {
  const list = [];
  for (const cost of [5, 6, 4, 5, 7]) ranked.rank(list, 2, cost, { cost });
  let made = 0;
  const row = ({ cost }) => [++made, cost];
  assert.deepEqual(ranked.rows(list, row), [[1, 7], [2, 6]]);
});

// Texts.

test('a URL is told without query and fragment, and of one that carries its content only the scheme', () => {
  const told = {
    'https://a.example/x.js': 'https://a.example/x.js',
    'https://a.example/x.js?q=1': 'https://a.example/x.js',
    'https://a.example/x.js#top': 'https://a.example/x.js',
    'https://a.example/?a?b#c?d#e': 'https://a.example/',
    'https://a.example/#c?d': 'https://a.example/',
    'https://a.example/data:x?y': 'https://a.example/data:x',
    'https://a.example/a?b\nc\r\nd\u2028e': 'https://a.example/a',
    'https://a.example/a\nb#c\nd': 'https://a.example/a\nb',
    'data:image/png;base64,iVBOR': 'data:',
    'data:text/html,a?b#c': 'data:',
    'data:text/plain,a\nb\r\nc\u2029d': 'data:',
    'data:': 'data:',
    'blob:https://a.example/0b5c?x': 'blob:https://a.example/0b5c',
    '?': '',
    '': '',
  };
  for (const [url, expected] of Object.entries(told)) assert.equal(page.stripped(url), expected, url);
  assert.equal(page.stripped(undefined), '');
});

test('a selector goes up as far as it fits into 100 characters', () => {
  const chain = (...names) => names.reduce((parentNode, nodeName) => ({ nodeType: 1, nodeName, parentNode }), { nodeType: 9 });
  // With the `>` between them exactly 99, and then exactly 100.
  const name = (length) => 'X'.repeat(length);
  const below = `${name(48)}>${name(50)}`.toLowerCase();
  assert.equal(selector.selector(chain('HTML', name(48), name(50))), below);
  assert.equal(below.length, 99);
  assert.equal(selector.selector(chain('HTML', name(49), name(50))), name(49).toLowerCase() + '>' + name(50).toLowerCase());
  assert.equal(selector.selector(chain('HTML', name(50), name(50))), name(50).toLowerCase());
  // One alone is told whole: the format cuts it.
  for (const length of [99, 100, 5000]) assert.equal(selector.selector(chain('HTML', name(length))), name(length).toLowerCase());
});

test('a selector ends at an id, and has the classes in their order', () => {
  const body = element('', { nodeName: 'BODY', parentNode: element('', { nodeName: 'HTML', parentNode: { nodeType: 9 } }) });
  const main = element('main', { nodeName: 'MAIN', classList: ['ignored'], parentNode: body });
  assert.equal(selector.selector(element('', { nodeName: 'P', parentNode: body })), 'html>body>p');
  assert.equal(selector.selector(element('', { nodeName: 'IMG', classList: ['wide', 'hero'], parentNode: main })), '#main>img.hero.wide');
  assert.equal(selector.selector(text(main)), '#main>TEXT');
  assert.equal(selector.selector(element('', { nodeName: 'P', parentNode: { nodeType: 1, nodeName: element('field') } })), 'p', "a form's field in the place of its name");
  assert.equal(selector.selector(null), '');
  assert.equal(selector.selector(undefined), '');
});

test("the limits are the format's", () => {
  const limits = readFileSync(new URL('limits.rs', FORMAT), 'utf8');
  const limit = (name) => +new RegExp(`\\bpub const ${name}: \\w+ = ([\\d_e.]+);`).exec(limits)[1].replaceAll('_', '');
  for (const name of [
    'DIMENSIONS_MAX',
    'EARLIER_VIEWS_MAX',
    'GOAL_VALUE_MAX',
    'HOST_TOTALS_MAX',
    'LONG_FRAMES_MAX',
    'SERVER_TIMINGS_MAX',
    'USER_TIMINGS_MAX',
  ]) {
    assert.equal(constants[name], limit(name), name);
  }
  assert.equal(constants.SELECTOR_MAX, limit('SELECTOR_BYTES_MAX'));
  for (const name of ['RESOURCES_MAX', 'ERRORS_MAX']) assert.ok(constants[name] <= limit(name), name);
});

// Errors.

const { Uncaught, Rejection, Resource, Csp, Reported } = enumeration('ErrorKind');
const SCRIPT = `${ORIGIN}/app.js`;
// As the stub keeps them, the latest first.
const meet = (message, more) => {
  const { source, line, time, column, type } = { source: SCRIPT, line: 3, time: 500, column: 7, type: 'error', ...more };
  calls.error.unshift([message, source, line, time, column, type]);
};
const told = () => {
  errors.collect();
  return errors.errorRows();
};

test('the same error is told once, with how often and when it was first met', () => {
  view.beginView(200);
  meet('Uncaught Error: a', { time: 500 });
  meet('Uncaught Error: b', { time: 600 });
  meet('Uncaught Error: a', { time: 700 });
  errors.collect();
  meet('Uncaught Error: a', { time: 800 });
  assert.deepEqual(told(), [
    [Uncaught, 300, 'Uncaught Error: a', SCRIPT, 3, 7, 3, 0],
    [Uncaught, 400, 'Uncaught Error: b', SCRIPT, 3, 7, 1, 0],
  ]);
  assert.equal(errors.met, 4);
  assert.deepEqual(calls.error, [], 'the stub has none left');
});

test('errors are different where anything about them is', () => {
  meet('Uncaught Error: a');
  meet('Uncaught Error: a', { line: 4 });
  meet('Uncaught Error: a', { column: 8 });
  meet('Uncaught Error: a', { source: `${ORIGIN}/other.js` });
  meet('Uncaught Error: a', { type: 'unhandledrejection' });
  meet('Uncaught Error: b');
  meet('a,b', { source: 'c' });
  meet('a', { source: 'b,c' });
  assert.deepEqual(told().map((row) => row[6]), [1, 1, 1, 1, 1, 1, 1, 1]);
});

test('how often an error was told is kept, and the next snapshot tells only what is new', () => {
  meet('Uncaught Error: a');
  meet('Uncaught Error: a');
  meet('Uncaught Error: b');
  errors.errorsTold(told());
  assert.deepEqual(told(), []);
  meet('Uncaught Error: a', { time: 900 });
  const again = [Uncaught, 500, 'Uncaught Error: a', SCRIPT, 3, 7, 1, 2];
  assert.deepEqual(told(), [again]);
  // A snapshot that told of nothing takes nothing away.
  errors.errorsTold([]);
  assert.deepEqual(told(), [again]);
  errors.errorsTold(told());
  meet('Uncaught Error: a');
  meet('Uncaught Error: b');
  assert.deepEqual(told().map((row) => row.slice(6)), [[1, 3], [1, 1]]);
});

test('of at most ten different errors it is told; all are counted', () => {
  for (let index = 0; index < 15; index++) meet(`Uncaught Error: ${index}`);
  meet('Uncaught Error: 4');
  meet('Uncaught Error: 12');
  assert.deepEqual(told().map((row) => [row[2], row[6]]), count(10, (index) => [`Uncaught Error: ${index}`, index == 4 ? 2 : 1]));
  assert.equal(errors.met, 17);
  errors.errorsTold(told());
  meet('Uncaught Error: 13');
  assert.deepEqual(told(), [], 'what was told makes no room');
});

test('the noise of ResizeObserver is dropped', () => {
  meet('ResizeObserver loop completed with undelivered notifications.');
  meet('ResizeObserver loop limit exceeded');
  assert.deepEqual([told(), errors.met, calls.error], [[], 0, []]);
  meet('Uncaught ReferenceError: ResizeObserver is not defined');
  assert.deepEqual([told().length, errors.met], [1, 1]);
});

test('what kind an error is follows from how it came', () => {
  const kind = (message, more) => {
    view.beginView(0);
    meet(message, more);
    return told()[0][0];
  };
  assert.equal(kind('Uncaught Error', { line: 3 }), Uncaught);
  // Of another origin's script only this is known.
  assert.equal(kind('Script error.', { source: '', line: 0, column: 0 }), Uncaught);
  assert.equal(kind('IMG', { source: `${ORIGIN}/gone.png`, line: NaN, column: undefined }), Resource);
  assert.equal(kind('Error: x', { line: NaN, column: undefined, type: 'unhandledrejection' }), Rejection);
  assert.equal(kind('script-src', { type: 'csp' }), Csp);
  // By `slowtax('error', ...)`.
  calls.error.unshift(['Error: x', 'undefined', NaN, 500]);
  view.beginView(0);
  assert.deepEqual(told(), [[Reported, 500, 'Error: x', '', NaN, undefined, 1, 0]]);
});

test('of a stack the first place is told', () => {
  const place = (source) => {
    view.beginView(0);
    meet('Error: x', { source, line: NaN, column: undefined, type: 'unhandledrejection' });
    return told()[0].slice(3, 6);
  };
  const chromium = `Error: x\n    at pay (${ORIGIN}/pay.js?v=2:10:21)\n    at ${ORIGIN}/app.js:5:1`;
  assert.deepEqual(place(chromium), [`${ORIGIN}/pay.js`, 10, 21]);
  assert.deepEqual(place(`pay@https://a.example:8443/pay.js:10:21\n@${ORIGIN}/app.js:5:1`), ['https://a.example:8443/pay.js', 10, 21]);
  assert.deepEqual(place('Error: x\n    at <anonymous>').slice(1), [NaN, undefined], 'there is none in it');
});

test('a source is told without query and fragment', () => {
  meet('Uncaught Error: a', { source: `${SCRIPT}?token=1#x` });
  meet('IMG', { source: 'data:image/png;base64,iVBOR', line: NaN });
  assert.deepEqual(told().map((row) => row[3]), [SCRIPT, 'data:']);
});

test('violations of the policy are errors, but for our own attempt at wasm', () => {
  let report;
  let options;
  globalThis.ReportingObserver = class {
    constructor(...given) {
      [report, options] = given;
    }
    observe() {}
  };
  errors.watchReports();
  assert.deepEqual(options, { types: ['csp-violation'], buffered: true });
  const violation = (effectiveDirective, blockedURL) => ({ body: { effectiveDirective, blockedURL, lineNumber: 4 } });
  report([violation('script-src', 'wasm-eval'), violation('img-src', 'https://evil.example/x.png?id'), violation('script-src', 'inline'), violation('trusted-types', null)]);
  const rows = told().map(([kind, , ...row]) => [kind, ...row]);
  assert.deepEqual(rows, [
    [Csp, 'img-src', 'https://evil.example/x.png', 4, 0, 1, 0],
    [Csp, 'script-src', 'inline', 4, 0, 1, 0],
    [Csp, 'trusted-types', '', 4, 0, 1, 0],
  ]);
});

// The view.

test('another view begins with nothing', () => {
  shift(0.1, 100);
  event(1, 1000, 100, [1010, 1020], '#a');
  for (let index = 0; index < 40; index++) fetched({ name: new URL(`slowtax-${index}`, import.meta.url).href });
  longFrame(10);
  frames.timing({ entryType: 'mark', name: 'a', startTime: 1, duration: 0 });
  meet('Uncaught Error: a');
  assert.equal(told().length, 1);
  view.beginView(5000);
  assert.equal(shifts.stability()[0], 0);
  assert.equal(interactions.latency(1)[0], undefined);
  const { typeRows, hostRows, resourceRows } = resources;
  const { frameSums, frameRows, timingRows } = frames;
  for (const rows of [typeRows, hostRows, resourceRows, frameSums, frameRows, timingRows, errors.errorRows]) assert.deepEqual(rows(), []);
  assert.deepEqual([resources.seen, resources.ownBytes, ranked.leftOut, errors.met], [0, 0, 0, 0]);
});
