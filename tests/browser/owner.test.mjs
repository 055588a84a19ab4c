import assert from 'node:assert/strict';
import { test } from 'node:test';

import { busiest, ownTime } from './owner.mjs';

const URLS = { page: 'http://shop.example/page.js' };
const CLIENT = 'http://rum.example/client.js';

/// An event of the main thread, in milliseconds.
const event = (name, from, to, data = {}, more = {}) => ({
  ph: 'X',
  pid: 1,
  tid: 1,
  name,
  ts: from * 1000,
  dur: (to - from) * 1000,
  tdur: (to - from) * 1000,
  args: { data },
  ...more,
});
const task = (from, to) => event('RunTask', from, to);
const page = [task(0, 10), event('EvaluateScript', 0, 10, { url: URLS.page })];

test('events of the client inside each other count once', () => {
  const { own, tasks } = ownTime(
    [
      ...page,
      task(20, 50),
      event('EvaluateScript', 22, 42, { url: CLIENT }),
      event('FunctionCall', 25, 30, { url: CLIENT }),
      event('Layout', 26, 29),
    ],
    URLS
  );
  assert.deepEqual(own, { cpu: 20, wall: 20 });
  assert.deepEqual(tasks, [{ own: 20, whole: 30 }]);
});

test("what the page's script does is not the client's, be it inside or around", () => {
  const { own } = ownTime(
    [
      ...page,
      task(20, 60),
      event('EventDispatch', 20, 60, { type: 'click' }),
      event('FunctionCall', 20, 40, { url: URLS.page }),
      event('RunMicrotasks', 35, 40),
      event('FunctionCall', 40, 55, { url: CLIENT }),
      event('FunctionCall', 45, 50, { url: URLS.page }),
    ],
    URLS
  );
  assert.equal(own.cpu, 10);
});

test("microtasks and wasm that no script is seen to run are the client's", () => {
  const { own, parts } = ownTime([...page, task(20, 40), event('RunMicrotasks', 21, 24), event('wasm.SyncInstantiate', 30, 35)], URLS);
  assert.equal(own.cpu, 8);
  assert.deepEqual(parts, { RunMicrotasks: 3, 'wasm.SyncInstantiate': 5 });
});

test('images, other threads and other processes are not the client', () => {
  const { own, whole } = ownTime(
    [
      ...page,
      task(20, 40),
      event('PaintImage', 20, 30, { url: 'http://shop.example/picture.svg' }),
      event('FunctionCall', 20, 40, { url: CLIENT }, { tid: 2 }),
      event('FunctionCall', 20, 40, { url: CLIENT }, { pid: 2 }),
    ],
    URLS
  );
  assert.equal(own.cpu, 0);
  assert.equal(whole.cpu, 30);
});

test('parts are named by what called the client', () => {
  const { parts } = ownTime(
    [
      ...page,
      task(20, 40),
      event('EventDispatch', 20, 30, { type: 'visibilitychange' }),
      event('FunctionCall', 21, 25, { url: CLIENT }),
      task(40, 50),
      event('TimerFire', 40, 50),
      event('FunctionCall', 41, 43, { url: CLIENT }),
      event('FunctionCall', 43, 44, { url: CLIENT }),
    ],
    URLS
  );
  assert.deepEqual(parts, { 'event visibilitychange': 4, TimerFire: 3 });
});

test("the thread's own time and the time that passed are told apart", () => {
  const { own, tasks } = ownTime([...page, task(20, 40), event('FunctionCall', 20, 40, { url: CLIENT }, { tdur: 5000 })], URLS);
  assert.deepEqual(own, { cpu: 5, wall: 20 });
  assert.equal(tasks[0].own, 5);
});

test('the busiest task is the one with the most of the client', () => {
  assert.deepEqual(busiest([{ own: 1, whole: 90 }, { own: 2, whole: 3 }]), { own: 2, whole: 3 });
  assert.deepEqual(busiest([]), { own: 0, whole: 0 });
});

test("a trace without the page's script is an error", () => assert.throws(() => ownTime([task(0, 1)], URLS), /page's script/));
