// What is much: a page with thousands of resources and layout shifts; and what must go away: nodes that a page has removed.

import { tag } from './hostile_pages.mjs';

const RESOURCES = 5000;
const SHIFTS = 10_000;
const LOAD_MAX_MS = 120_000;
const SETTLED_MAX_MS = 6000;
const ARRIVAL_MAX_MS = 3000;

const html = (script, body) => `<!doctype html><html lang=en><title>t</title><link rel=icon href="data:,">${script}${body}`;

// Fifty at a time. A frame has one layout shift, whatever moves in it; they are counted by an observer of the page's own.
const MUCH = `<div id=up></div><p id=moved>Moved</p><script>
  let shifts = 0, resources = 0;
  new PerformanceObserver((list) => { shifts += list.getEntries().length }).observe({ type: 'layout-shift' });
  const load = async () => { while (resources < ${RESOURCES}) await (await fetch('/tiny?' + resources++)).text(); };
  const shift = () => {
    up.style.height = up.style.height ? '' : '9px';
    if (shifts < ${SHIFTS}) requestAnimationFrame(shift);
  };
  window.over = Promise.all([...Array.from({ length: 50 }, load), new Promise((over) => {
    shift();
    const look = setInterval(() => shifts >= ${SHIFTS} && (clearInterval(look), over()), 100);
  })]).then(() => ({ shifts, resources }));
</script>`;

const NODES = `<main><h1 id=largest style="font-size:90px">The largest paint of this page</h1><button id=target>Click</button>
  <p id=moved>Moved by what comes above it</p></main><script>
  target.addEventListener('click', () => {
    const until = performance.now() + 120;
    while (performance.now() < until);
  });
  const shift = () => moved.before(Object.assign(document.createElement('div'), { style: 'height:90px' }));
  const forget = () => {
    const nodes = [...document.querySelectorAll('main, main *')];
    document.querySelector('main').remove();
    window.refs = nodes.map((node) => [node.localName, new WeakRef(node)]);
  };
</script>`;

/// The bytes of the page's JavaScript heap that something still refers to.
async function heap(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('HeapProfiler.enable');
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  await cdp.detach();
  return usedSize;
}

export const LOADS = {
  much: {
    // Frames as fast as they can be made.
    args: ['--disable-frame-rate-limit', '--disable-gpu-vsync', '--window-size=400,300'],
    pages: { '/plain': html('', MUCH), '/much': html(tag(), MUCH), '/tiny': ' ' },
    async run({ recorder, page, view, hide, evaluate }) {
      page.setDefaultTimeout(LOAD_MAX_MS);
      await view('/plain');
      await evaluate(page, 'over');
      const plain = await heap(page);
      await view('/much');
      const counted = await evaluate(page, 'over');
      await recorder.arrived('/much', 1, SETTLED_MAX_MS);
      const measured = await heap(page);
      await hide(page);
      await recorder.arrived('/much', 2, ARRIVAL_MAX_MS);
      return { ...counted, heap_bytes: { plain, measured } };
    },
  },
  nodes: {
    pages: { '/nodes': html(tag(), NODES) },
    async run({ recorder, page, view, hide, evaluate, wait }) {
      await view('/nodes');
      await recorder.arrived('/nodes', 1, SETTLED_MAX_MS);
      // Half a second after an input no shift counts.
      await evaluate(page, 'shift()');
      await wait(300);
      await page.locator('#target').click();
      await wait(300);
      await evaluate(page, 'forget()');
      await wait(300);
      await heap(page);
      const kept = await evaluate(page, 'refs.filter(([, ref]) => ref.deref()).map(([name]) => name)');
      const nodes = await evaluate(page, 'refs.length');
      await hide(page);
      await recorder.arrived('/nodes', 2, ARRIVAL_MAX_MS);
      return { nodes, kept };
    },
  },
};
