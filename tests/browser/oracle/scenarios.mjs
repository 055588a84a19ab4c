// What a visitor does on each page of the oracle, from before it is opened until it is hidden for the last time.

/// Opens the page, does something on it, and waits until the core is there and has told it; then the page is hidden, and its vitals are final.
const visit = (during = async () => {}) => async (visitor) => {
  await visitor.open();
  await visitor.played();
  await during(visitor);
  await visitor.passed.toldByCore();
  await visitor.hide();
};
const click = (at = '#go') => visit((visitor) => visitor.click(at));

/// An element is gone in the end that the core has seen. Before that nobody has looked at it, and without an id nothing is left to call it by.
const remove = (during = async () => {}) =>
  visit(async (visitor) => {
    await during(visitor);
    await visitor.passed.toldByCore();
    await visitor.page.evaluate(() => document.querySelector('.gone').remove());
    await visitor.painted();
  });

/// Leaves the page for another and comes back. The page's last beacon, and the restored one's first, are awaited.
const comeBack = async (visitor) => {
  await visitor.passed.toldByCore();
  await visitor.telling(1, () => visitor.open(`${visitor.site.url}/empty`));
  await visitor.telling(1, () => visitor.page.goBack({ waitUntil: 'commit' }));
};

/// The view that is left tells its end, and the new one that it has settled.
const softly = (during) =>
  visit(async (visitor) => {
    await visitor.passed.toldByCore();
    await visitor.telling(2, () => visitor.click('#go'));
    await during?.(visitor);
  });

export const SCENARIOS = {
  text: visit(),
  image: visit(),
  background_image: visit(),
  text_nested: visit(),
  text_long_id: visit(),
  image_late: visit(),
  lcp_removed: visit(),
  lcp_removed_no_id: remove(),
  async hidden_at_start(visitor) {
    // A tab in the background, as a middle click opens it.
    await visitor.open(`${visitor.site.url}/empty`);
    const opening = visitor.context.waitForEvent('page');
    await visitor.page.evaluate((url) => {
      document.body.innerHTML = `<a href="${url}">open</a>`;
    }, visitor.site.own);
    const from = visitor.page;
    await from.locator('a').click({ modifiers: ['Control'] });
    visitor.page = await opening;
    await visitor.page.waitForLoadState('load');
    const state = await visitor.page.evaluate(() => document.visibilityState);
    if (state !== 'hidden') throw new Error('the tab is not in the background');
    await visitor.page.bringToFront();
    await visitor.passed.toldByCore();
    await visitor.hide();
    await from.close();
  },
  async hidden_before_lcp(visitor) {
    await visitor.openEarly();
    await visitor.hide();
    await visitor.page.waitForLoadState('load');
    await visitor.show();
    await visitor.passed.toldByCore();
    await visitor.hide();
  },
  async shown_again(visitor) {
    await visit()(visitor);
    await visitor.show();
    await visitor.page.evaluate(() => pushes([100, 120]));
    await visitor.hide();
  },
  async click_before_lcp(visitor) {
    await visitor.openEarly();
    await visitor.click('#go');
    await visitor.page.waitForLoadState('load');
    await visitor.passed.toldByCore();
    await visitor.hide();
  },
  no_shift: visit(),
  shifts_small_then_large: visit(),
  shifts_large_then_small: visit(),
  shifts_long_window: visit(),
  shifts_after_input: click(),
  shift_removed: remove(),
  shift_of_text: visit(),
  click_100: click(),
  click_300: click(),
  two_clicks: visit(async (visitor) => {
    await visitor.click('#go');
    await visitor.click('#other');
  }),
  input_delay: visit(async (visitor) => {
    await visitor.point('#go');
    await visitor.press(() => visitor.page.evaluate(() => frames(2).then(() => void setTimeout(() => busy(200)))));
    await visitor.painted();
  }),
  presentation_delay: click(),
  keyboard: visit(async (visitor) => {
    await visitor.page.evaluate(() => document.querySelector('input').focus());
    await visitor.page.keyboard.press('a');
    await visitor.painted();
  }),
  clicks_60: visit(async (visitor) => {
    await visitor.point('#go');
    for (let i = 0; i < 60; i++) await visitor.press();
    await visitor.painted();
  }),
  click_at_once: visit(async (visitor) => {
    await visitor.point('#go');
    await visitor.press(() => {});
    await visitor.painted();
  }),
  async click_shown_again(visitor) {
    await visit()(visitor);
    await visitor.show();
    await visitor.click('#go');
    await visitor.hide();
  },
  target_removed: click(),
  target_removed_later: remove((visitor) => visitor.click('.gone')),
  click_body: click([700, 500]),
  click_short: click(),
  bfcache: async (visitor) => {
    await visitor.open();
    await comeBack(visitor);
    await visitor.hide();
  },
  bfcache_used: async (visitor) => {
    await visitor.open();
    await visitor.page.evaluate(() => pushes([100, 60]));
    await visitor.click('#go');
    await comeBack(visitor);
    await visitor.page.evaluate(() => pushes([100, 150]));
    await visitor.click('#go');
    await visitor.hide();
  },
  bfcache_click_short: async (visitor) => {
    await visitor.open();
    await comeBack(visitor);
    await visitor.click('#go');
    await visitor.hide();
  },
  soft_text: softly(async (visitor) => {
    await visitor.page.evaluate(() => pushes([100, 90]));
    await visitor.click('#more');
  }),
  soft_click_100: softly(),
  soft_click_short: softly((visitor) => visitor.click('#more')),
  soft_image: softly(),
  script_late: async (visitor) => {
    await visitor.open();
    await visitor.click('#go');
    await visitor.played();
    await visitor.passed.toldByCore();
    await visitor.hide();
  },
  iframe_same_origin: click([60, 160]),
  iframe_cross_origin: click([60, 160]),
  early_hints: visit(),
  async redirect(visitor) {
    await visitor.open(`${visitor.site.own}/from`);
    await visitor.passed.toldByCore();
    await visitor.hide();
  },
  async slow_document(visitor) {
    await visitor.open(`${visitor.site.own}?delay=600`);
    await visitor.passed.toldByCore();
    await visitor.hide();
  },
  not_found: visit(),
  resources_300: visit(),
};

/// Of a page that nobody drives: Chromium does not prerender where a debugger is attached. It tells itself what web-vitals said.
export async function prerender(site, passed) {
  await passed.toldByCore();
  const told = passed.beacons;
  site.moments.leave.come();
  const words = await site.moments.told.here;
  await passed.reached(told + 1);
  return words;
}
