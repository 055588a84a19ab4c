import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { ApiError } from './api';
import { type Loaded, Loader } from './load';

interface Asked {
  path: string;
  signal: AbortSignal;
  answer: (rows: unknown[]) => void;
  fail: (error: unknown) => void;
}

/** A loader whose requests are answered by hand. */
function loaderOf() {
  const asked: Asked[] = [];
  let draws = 0;
  const loader = new Loader(
    () => (draws += 1),
    () => {},
    (path, signal) => new Promise((answer, fail) => asked.push({ path, signal, answer, fail })),
  );
  const draw = (...questions: Record<string, string>[]): Loaded<unknown>[] => {
    loader.begin();
    const answers = questions.map((parameters) => loader.get('table', parameters));
    loader.done();
    return answers;
  };
  return { loader, asked, draw, draws: () => draws };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a question that is drawn twice is asked once', async () => {
  const { asked, draw, draws } = loaderOf();
  assert.equal(draw({ a: '1' })[0]?.status, 'loading');
  draw({ a: '1' });
  assert.deepEqual(asked.map(({ path }) => path), ['/api/v1/table?a=1']);
  asked[0]?.answer([1]);
  await settled();
  assert.equal(draws(), 1);
  const [first] = draw({ a: '1' });
  assert.deepEqual([first?.status, first?.rows], ['ready', [1]]);
  assert.equal(draw({ a: '1' })[0], first, 'nothing changed, so it is the same object');
});

test('at most four are asked at a time, and what is not drawn any more is ended', async () => {
  const { asked, draw, loader } = loaderOf();
  const questions = [1, 2, 3, 4, 5, 6].map((a) => ({ a: String(a) }));
  draw(...questions);
  assert.equal(asked.length, 4);
  asked[0]?.answer([]);
  await settled();
  assert.equal(asked.length, 5);
  draw({ a: '6' });
  assert.deepEqual(asked.map(({ signal }) => signal.aborted), [false, true, true, true, true, false]);
  asked[5]?.answer([]);
  await settled();
  assert.ok(!loader.isBusy);
});

test('while an answer to another target is on its way the last one stands in, of the same scope only', async () => {
  const { asked, draw } = loaderOf();
  draw({ target_ms: '1', country: 'BR' });
  asked[0]?.answer(['BR']);
  await settled();
  const [other, elsewhere] = draw({ target_ms: '2', country: 'BR' }, { target_ms: '2', country: 'DE' });
  assert.deepEqual([other?.rows, other?.isOld], [['BR'], true]);
  assert.deepEqual([elsewhere?.rows, elsewhere?.isOld], [null, false]);
  asked[1]?.fail(new ApiError('store_unavailable'));
  await settled();
  const [failed] = draw({ target_ms: '2', country: 'BR' });
  assert.deepEqual([failed?.status, failed?.rows], ['failed', null], 'an answer to something else is none');
});

test('what is compared with does not stand in for what is shown, nor the other way round', async () => {
  const { asked, draw } = loaderOf();
  const question = (days: string, target: string) => ({ site: 'shop', from_day: days, to_day: `${days}-end`, target_ms: target });
  draw(question('2026-11', '2500'), question('2026-10', '2500'));
  asked.forEach(({ path, answer }) => answer([path.includes('2026-11-end') ? 'now' : 'before']));
  await settled();
  const both = (target: string) => draw(question('2026-11', target), question('2026-10', target)).map(({ rows, isOld }) => [rows, isOld]);
  assert.deepEqual(both('3000'), [[['now'], true], [['before'], true]]);
  // Of other days the latest stand in.
  assert.deepEqual(draw(question('2026-11-15', '2500'))[0]?.rows, ['now']);
});

test('a minute later it is asked again; when that fails the rows stay, and it is tried again soon', async (t) => {
  t.after(() => mock.timers.reset());
  mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  const { asked, draw, loader } = loaderOf();
  draw({});
  asked[0]?.answer([1]);
  await settled();
  loader.tick(Date.now() + 59_000);
  assert.equal(asked.length, 1);
  loader.tick(Date.now() + 60_000);
  assert.equal(asked.length, 2);
  assert.equal(draw({})[0]?.status, 'ready', 'that it is asked again is no reason to show less');
  asked[1]?.fail(new ApiError('store_unavailable'));
  await settled();
  const [failed] = draw({});
  assert.deepEqual([failed?.status, failed?.rows, failed?.at], ['failed', [1], 1_000_000]);
  loader.tick(Date.now() + 5_000);
  assert.equal(asked.length, 3);
  asked[2]?.answer([2]);
  await settled();
  assert.deepEqual([draw({})[0]?.status, draw({})[0]?.rows], ['ready', [2]]);
});

test('an answer that says what the last one said is the same to whoever draws it', async (t) => {
  t.after(() => mock.timers.reset());
  mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  const { asked, draw, loader } = loaderOf();
  draw({});
  asked[0]?.answer([{ a: 1 }]);
  await settled();
  const first = draw({})[0]?.rows;
  for (const [at, answer] of [[1, [{ a: 1 }]], [2, [{ a: 2 }]]] as const) {
    mock.timers.tick(60_000);
    loader.tick(Date.now());
    asked[at]?.answer([...answer]);
    await settled();
    assert.equal(draw({})[0]?.rows === first, at === 1);
    assert.equal(draw({})[0]?.at, Date.now());
  }
});

test('what is watched is asked again sooner', async (t) => {
  t.after(() => mock.timers.reset());
  mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  const { asked, loader } = loaderOf();
  loader.begin();
  loader.get('live', {}, 30_000);
  loader.get('table', {});
  loader.done();
  asked[0]?.answer([]);
  asked[1]?.answer([]);
  await settled();
  loader.tick(Date.now() + 30_000);
  assert.deepEqual(asked.map(({ path }) => path), ['/api/v1/live', '/api/v1/table', '/api/v1/live']);
});

test('what was cancelled, or can never be answered, is not tried again by itself', async () => {
  const { asked, draw, loader } = loaderOf();
  draw({ a: '1' }, { a: '2' });
  const [cancelled] = draw({ a: '1' }, { a: '2' });
  cancelled?.cancel();
  asked[1]?.fail(new ApiError('bad_parameter'));
  await settled();
  assert.ok(asked[0]?.signal.aborted);
  const shown = draw({ a: '1' }, { a: '2' });
  assert.deepEqual(shown.map(({ status }) => status), ['failed', 'failed']);
  loader.tick(Date.now() + 1e9);
  assert.equal(asked.length, 2);
  shown[0]?.retry();
  assert.equal(asked.length, 3);
  assert.equal(draw({ a: '1' }, { a: '2' })[0]?.status, 'loading');
});

test('it forgets what was drawn long ago', async () => {
  const { asked, draw } = loaderOf();
  for (let at = 0; at < 250; at += 1) {
    draw({ country: String(at) });
    asked[at]?.answer([at]);
    await settled();
  }
  draw({ country: '249' });
  assert.equal(asked.length, 250, 'the latest is known');
  draw({ country: '0' });
  assert.equal(asked.length, 251, 'the first is not');
});
