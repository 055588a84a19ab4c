// The shop's script: the cart (kept in the tab's sessionStorage), the report of an order, and the knobs that act in the page.
// It is deferred, works without storage (the cart then lasts as long as the page) and without the beacon.
(() => {
  'use strict';

  const CART_KEY = 'lento.cart';
  const REPORTED_KEY = 'lento.reported';
  const LINES_MAX = 50;
  const REPORTED_MAX = 50;
  const QUANTITY_MAX = 9;

  const knobs = document.documentElement.dataset;
  const byId = (id) => document.getElementById(id);
  const money = (cents) => `€${(cents / 100).toFixed(2)}`;

  // ---- storage ----

  /** Reads a list; anything else that stands there is no list. */
  function readList(key) {
    try {
      const list = JSON.parse(sessionStorage.getItem(key));
      return Array.isArray(list) ? list : [];
    } catch {
      return [];
    }
  }

  /** Returns whether the list was kept. */
  function keepList(key, list) {
    try {
      sessionStorage.setItem(key, JSON.stringify(list));
      return true;
    } catch {
      return false;
    }
  }

  const isLine = (line) =>
    line !== null && typeof line === 'object' && Number.isInteger(line.cents) && line.cents >= 0 &&
    Number.isInteger(line.quantity) && line.quantity >= 1 && line.quantity <= QUANTITY_MAX &&
    ['id', 'name', 'choice', 'href', 'picture'].every((key) => typeof line[key] === 'string');

  const readCart = () => readList(CART_KEY).filter(isLine).slice(0, LINES_MAX);

  let cart = readCart();

  function keepCart() {
    keepList(CART_KEY, cart);
    showCount();
  }

  function showCount() {
    const count = cart.reduce((sum, line) => sum + line.quantity, 0);
    byId('cart-count').textContent = String(count);
    byId('cart-count').classList.toggle('some', count > 0);
  }

  // ---- item page ----

  function addToCart(form) {
    const fields = new FormData(form);
    const { id, name, cents, href, picture } = form.dataset;
    const choice = String(fields.get('choice') ?? '');
    const quantity = Number(fields.get('quantity')) || 1;
    const same = cart.find((line) => line.id === id && line.choice === choice);
    if (same) {
      same.quantity = Math.min(same.quantity + quantity, QUANTITY_MAX);
    } else if (cart.length < LINES_MAX) {
      cart.push({ id, name, cents: Number(cents), choice, quantity, href, picture });
    }
    keepCart();
    byId('added-text').textContent = `${name} is in your cart.`;
    byId('view-cart').hidden = false;
  }

  // ---- cart page ----

  function showCart() {
    byId('cart-empty').hidden = cart.length > 0;
    byId('cart-full').hidden = cart.length === 0;
    byId('cart-lines').replaceChildren(...cart.map(cartLine));
    const total = cart.reduce((sum, line) => sum + line.cents * line.quantity, 0);
    byId('cart-total').textContent = money(total);
    byId('checkout-form').elements.value.value = (total / 100).toFixed(2);
  }

  function cartLine(line) {
    const row = byId('cart-line').content.cloneNode(true);
    const part = (selector) => row.querySelector(selector);
    part('img').src = line.picture;
    part('.line-picture').href = line.href;
    part('.line-picture').setAttribute('aria-label', line.name);
    part('.line-name').href = line.href;
    part('.line-name').textContent = line.name;
    part('.line-text p').textContent = line.choice;
    part('.line-price').textContent = money(line.cents * line.quantity);
    part('.remove').setAttribute('aria-label', `Remove ${line.name}`);
    const select = part('select');
    for (let n = 1; n <= QUANTITY_MAX; n++) {
      select.add(new Option(String(n), String(n), false, n === line.quantity));
    }
    select.addEventListener('change', () => {
      line.quantity = Number(select.value);
      keepCart();
      showCart();
    });
    part('.remove').addEventListener('click', () => {
      cart = cart.filter((other) => other !== line);
      keepCart();
      showCart();
    });
    return row;
  }

  function orderNumber() {
    const letters = Array.from({ length: 3 }, () => String.fromCharCode(65 + Math.floor(Math.random() * 26)));
    return `L-${Date.now().toString(36).toUpperCase()}-${letters.join('')}`;
  }

  // ---- the beacon ----

  /** Calls the beacon, or leaves the call for it: the embed's inline line may be missing, and its script may come later. */
  function tell(...call) {
    if (!document.querySelector('script[data-site]')) return;
    window.slowtax = window.slowtax || function () {
      (window.slowtax.q = window.slowtax.q || []).push(arguments);
    };
    window.slowtax(...call);
  }

  /** An order is reported once, even when its page is reloaded or come back to. */
  function reportOrder({ order, value }) {
    if (order === undefined) return;
    const reported = readList(REPORTED_KEY);
    if (reported.includes(order)) return;
    keepList(REPORTED_KEY, [...reported, order].slice(-REPORTED_MAX));
    if (value === undefined) tell('goal', 'order');
    else tell('goal', 'order', { value: Number(value) });
    cart = [];
    keepCart();
  }

  // ---- knobs ----

  function blockMainThread(milliseconds) {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  }

  function slowHandlers(milliseconds) {
    document.addEventListener('click', (event) => {
      if (event.target.closest('button')) blockMainThread(milliseconds);
    });
    document.addEventListener('keydown', (event) => {
      if (event.target.closest('input')) blockMainThread(milliseconds);
    });
  }

  /** Pushes the whole page down by `share` hundredths of the viewport's longer side: a layout shift of share / 100. */
  function pushDown(share) {
    const banner = document.createElement('p');
    banner.className = `late-banner late-banner-${share}`;
    banner.textContent = 'This arrived late.';
    document.body.prepend(banner);
  }

  /** Takes the main picture out of the document, and leaves its place empty, so that nothing moves. */
  function removeMainPicture() {
    const picture = byId('main-picture');
    if (!picture) return;
    const place = document.createElement('div');
    place.style.width = '100%';
    place.style.height = `${picture.getBoundingClientRect().height}px`;
    picture.replaceWith(place);
  }

  const afterTwoFrames = (act) => requestAnimationFrame(() => requestAnimationFrame(act));
  const afterLoad = (milliseconds, act) => {
    const wait = () => setTimeout(act, milliseconds);
    if (document.readyState === 'complete') wait();
    else addEventListener('load', wait, { once: true });
  };

  const shifts = {
    early: () => afterTwoFrames(() => pushDown(10)),
    late: () => afterLoad(1500, () => pushDown(10)),
    input: () => addEventListener('click', () => pushDown(10), { once: true }),
    two: () => {
      afterLoad(300, () => pushDown(5));
      afterLoad(3000, () => pushDown(10));
    },
  };

  const failures = {
    throw: () => afterLoad(100, function throwOnPurpose() { throw new Error('thrown on purpose by the demo shop'); }),
    reject: () => afterLoad(100, () => { Promise.reject(new Error('rejected on purpose by the demo shop')); }),
  };

  // ---- start ----

  if (knobs.pageName) tell('page', knobs.pageName);
  if (knobs.handlerMs) slowHandlers(Number(knobs.handlerMs));
  if (knobs.lcp === 'removed') afterLoad(500, removeMainPicture);
  shifts[knobs.shift]?.();
  failures[knobs.error]?.();

  byId('add-to-cart')?.addEventListener('submit', (event) => {
    event.preventDefault();
    addToCart(event.target);
  });
  byId('checkout-form')?.addEventListener('submit', (event) => {
    event.target.elements.order.value = orderNumber();
  });
  if (byId('cart-full')) showCart();
  if (byId('thanks')) reportOrder(byId('thanks').dataset);
  showCount();

  // A page that comes back from the back/forward cache may have missed changes.
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    cart = readCart();
    showCount();
    if (byId('cart-full')) showCart();
  });
})();
