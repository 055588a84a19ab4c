// Goes to the panel that the address names. The browser looks for it before it is there, and what is drawn above it later moves it.

/** Until the reader does something. */
let isFollowed = location.hash !== '';

for (const sign of ['wheel', 'touchstart', 'pointerdown', 'keydown']) {
  addEventListener(sign, () => (isFollowed = false), { passive: true, capture: true });
}
addEventListener('hashchange', () => (isFollowed = true));

let isDue = false;

/** To be called when a panel was drawn. */
export function followAnchor(): void {
  if (!isFollowed || isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    if (isFollowed) document.getElementById(decoded(location.hash.slice(1)))?.scrollIntoView({ block: 'start' });
  });
}

function decoded(anchor: string): string {
  try {
    return decodeURIComponent(anchor);
  } catch {
    return anchor;
  }
}
