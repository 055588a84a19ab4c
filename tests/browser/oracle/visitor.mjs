// Who visits a page of the oracle: opens it, uses it by real input, hides it really, and knows what its beacons have come to.

import { setTimeout as wait } from 'node:timers/promises';

const STEP_MAX_MS = 25_000;

/// What has come through to the collector and back, in order: 'core' for the core's own code, 'beacon'.
export class Passed {
  #all = [];
  #looks = new Set();

  add(what) {
    this.#all.push(what);
    for (const look of this.#looks) look();
  }

  get beacons() {
    return this.#all.filter((what) => what === 'beacon').length;
  }

  /// Waits until there are that many beacons.
  reached(count) {
    return this.#until(() => this.beacons >= count, `beacon ${count} after [${this.#all}]`);
  }

  /// Waits until the core has told something: then it is there.
  toldByCore() {
    return this.#until(() => this.#all.includes('core') && this.#all.lastIndexOf('beacon') > this.#all.indexOf('core'), 'the core has told the page');
  }

  async #until(holds, what) {
    const over = new AbortController();
    let look;
    const held = new Promise((resolve) => {
      look = () => holds() && resolve(true);
      this.#looks.add(look);
      look();
    });
    const late = wait(STEP_MAX_MS, false, { signal: over.signal }).catch(() => {});
    const came = await Promise.race([held, late]);
    over.abort();
    this.#looks.delete(look);
    if (!came) throw new Error(`waited in vain until ${what}; passed: ${this.#all}`);
  }
}

export class Visitor {
  constructor(context, page, site, passed) {
    Object.assign(this, { context, page, site, passed });
    page.setDefaultTimeout(STEP_MAX_MS);
  }

  /// Opens the page, or another, and waits until it is loaded and has painted.
  async open(url = this.site.own) {
    await this.page.goto(url);
    await this.painted();
  }

  /// Opens the page, and waits until it has painted what it has by then.
  async openEarly() {
    await this.page.goto(this.site.own, { waitUntil: 'commit' });
    await this.page.evaluate(() => new Promise((over) => new PerformanceObserver(over).observe({ type: 'paint', buffered: true })));
    await this.painted();
  }

  painted() {
    return this.page.evaluate(async () => {
      for (let i = 0; i < 4; i++) await new Promise(requestAnimationFrame);
    });
  }

  /// Waits until the page has done what it does by itself.
  played() {
    return this.page.evaluate(() => window.played?.then(() => {}));
  }

  /// Does something that makes the page send `count` beacons, and waits for them.
  async telling(count, action) {
    const until = this.passed.beacons + count;
    await action();
    await this.passed.reached(until);
  }

  /// Makes the page really hidden: another tab is in front of it. Its beacon is awaited.
  async hide() {
    await this.telling(1, async () => {
      this.front = await this.context.newPage();
      await this.front.bringToFront();
      await this.#becomes('hidden');
    });
  }

  async show() {
    await this.page.bringToFront();
    await this.front.close();
    await this.#becomes('visible');
  }

  #becomes(state) {
    return this.page.evaluate(
      (state) =>
        new Promise((over) => {
          const look = () => document.visibilityState === state && over();
          document.addEventListener('visibilitychange', look);
          look();
        }),
      state
    );
  }

  /// Puts the mouse over an element, or [x, y].
  async point(at) {
    const middle = (at) => {
      const { x, y, width, height } = document.querySelector(at).getBoundingClientRect();
      return [x + width / 2, y + height / 2];
    };
    await this.page.mouse.move(...(typeof at === 'string' ? await this.page.evaluate(middle, at) : at));
  }

  /// Presses the mouse button and lets go of it some frames later, as people do: both in one frame are told without a target.
  async press(between = () => this.painted()) {
    await this.page.mouse.down();
    await between();
    await this.page.mouse.up();
  }

  async click(at) {
    await this.point(at);
    await this.press();
    await this.painted();
  }

  /// What web-vitals said last, and what went wrong in the page.
  words() {
    return this.page.evaluate(() => window.oracle);
  }
}
