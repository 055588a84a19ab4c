// Clicks that tell of trouble: several in one place (rage), and those that nothing follows (dead).

import { DEAD_MS, RAGE_MS, RAGE_PX } from './constants.js';
import { on } from './page.js';

export let rage, dead, clicked; // and how many there were
let burst;

export const beginClicks = () => {
  rage = dead = clicked = 0;
  burst = [];
};

export const watchClicks = () =>
  on('click', ({ isTrusted, timeStamp, clientX, clientY, target }) => {
    if (!isTrusted) return;
    clicked++;
    burst = burst.filter(([time, x, y]) => timeStamp - time < RAGE_MS && Math.hypot(x - clientX, y - clientY) < RAGE_PX);
    if (burst.push([timeStamp, clientX, clientY]) == 3) rage++;
    // What is typed into or chosen from answers in ways that cannot be seen here.
    if (target.closest?.('input,select,textarea,label,option,video,audio')) return;
    const where = () => location.href + scrollY;
    const before = where();
    let isAlive;
    const observer = new MutationObserver(() => (isAlive = 1));
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    setTimeout(() => {
      observer.disconnect();
      if (!isAlive && before == where() && !document.hidden) dead++;
    }, DEAD_MS);
  });
