// The pages of the oracle, each made to have one thing that web-vitals and the beacon must see alike. PICTURE is a picture that is large enough to be LCP,
// OWN the page's own path, OTHER the address of another site. `played` is settled when a page has done all that it does by itself.

// A picture of too few bits a pixel is no candidate for LCP.
const strokes = Array.from({ length: 400 }, (_, i) => `M${(i * 37) % 600} ${(i * 91) % 400}L${(i * 53) % 600} ${(i * 29) % 400}`);
export const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" width="600" height="400"><path d="${strokes.join('')}" stroke="teal"/></svg>`;

const TAG = '<script async src="COLLECTOR/slowtax.js" data-site="shop"></script>';
const WATCH = '<script src="/web-vitals.js"></script><script src="/watch.js"></script>';
const WATCH_SOFT = WATCH.replace('/watch.js"', '/watch.js" data-soft-navs=true');

const html = (body, { tag = TAG, watch = WATCH, style = '' } = {}) =>
  `<!doctype html><html lang=en><title>t</title><link rel=icon href="data:,"><style>${style}</style>${watch}${tag}<body>${body}`;

const TEXT = '<main class="z a"><p class=lead>Some text that is the largest paint here, as there is nothing else on the page to be it.</p></main>';
const image = (query = '', attributes = 'class="wide hero"') => `<img ${attributes} src="/picture.svg${query}" width=600 height=400>`;
const shifts = (plan, body = TEXT) => html(`${body}<script>window.played = pushes(${plan})</script>`);
const button = (script, name = 'go') => `<button id=${name} class="big round">Go</button><script>${name}.onclick = (event) => { ${script} }</script>`;
// What a click of a soft navigation does: another path, and other content in the page's place.
const soft = (content, before = '') =>
  html(
    `<main>${TEXT}<button id=go>Go</button></main>
     <script>go.onclick = () => { ${before}; history.pushState(null, '', 'OWN/next'); document.querySelector('main').innerHTML = \`${content}\` }</script>`,
    { watch: WATCH_SOFT }
  );
const SOFT_TEXT = '<h2 class=title>Another view, which has a title and a text of its own</h2><button id=more onclick="busy(80)">More</button>';

// Without an id on the way, and deeper than a selector is long.
const nested = (depth) =>
  Array.from({ length: depth }, (_, i) => `<div class="level-${i} beta alpha">`).join('') + '<p class="lead intro">A text, deep in the page</p>';

export const PAGES = {
  text: html(TEXT),
  image: html(`<p>Text</p>${image()}`),
  background_image: html('<p>Text</p><div class="banner"></div>', {
    style: '.banner { width: 600px; height: 400px; background: url(/picture.svg?delay=200) }',
  }),
  text_nested: html(nested(12)),
  text_long_id: html(`<p id=${'größe-'.repeat(20)}>A text whose id is longer than what is told of it</p>`),
  image_late: html(`<h1>A title</h1><p class="b a">Some text</p>${image('?delay=800&who=me#x', 'id=hero')}`),
  lcp_removed: html('<p>small</p><h1 id=gone>A title that goes away</h1><script>window.played = after(600).then(() => gone.remove())</script>'),
  lcp_removed_no_id: html('<p>small</p><h1 class=gone>A title that goes away</h1>'),
  hidden_at_start: html(TEXT),
  hidden_before_lcp: html(`<h1>A title</h1>${image('?delay=1500', 'id=hero')}`),
  shown_again: html(TEXT),
  click_before_lcp: html(`<h1>A title</h1>${button('')}${image('?delay=1500', 'id=hero')}`),
  no_shift: html(`<h1 style="position:absolute">A title that glides</h1><script>
     window.played = document.querySelector('h1').animate({ transform: ['none', 'translateY(200px)'] }, 400).finished</script>`),
  shifts_small_then_large: shifts('[100, 40], [1500, 200], [1700, 160]'),
  shifts_large_then_small: shifts('[100, 200], [300, 160], [1700, 40]'),
  shifts_long_window: shifts('[0, 20], [800, 30], [1600, 40], [2400, 20], [3200, 30], [4000, 40], [4800, 20], [5600, 60], [6400, 30]'),
  shifts_after_input: html(`${TEXT}${button('push(120)')}`),
  shift_removed: html(`${TEXT}<div class=column><div class="card gone">This one moves</div></div>
     <script>window.played = frames(2).then(() => { push(150, '.column'); return frames(3); })</script>`),
  shift_of_text: html(`<div class=box>bare text <b class=bold>and bold</b></div><script>window.played = pushes([200, 90])</script>`),
  click_100: html(`${TEXT}${button('busy(100)')}`),
  click_300: html(`${TEXT}${button('busy(300)')}`),
  two_clicks: html(`${TEXT}${button('busy(250)', 'go')}${button('busy(90)', 'other')}`),
  input_delay: html(`${TEXT}${button('busy(30)')}`),
  presentation_delay: html(`${TEXT}${button('requestAnimationFrame(() => busy(150))')}`),
  keyboard: html(`${TEXT}<label>Name <input class=name></label><script>document.querySelector('input').onkeydown = () => busy(90)</script>`),
  // More slow ones than are kept; of sixty the second is INP.
  clicks_60: html(`${TEXT}${button('busy([45, 200, 50, 45, 50, 120, 45, 50, 45, 50, 45, 60][window.clicks = (window.clicks ?? -1) + 1] ?? 0)')}`),
  click_at_once: html(`${TEXT}${button('busy(100)')}`),
  click_shown_again: html(`${TEXT}${button('busy(100)')}`),
  target_removed: html(`${TEXT}<div class=row>${button('busy(90); event.target.remove()')}</div>`),
  target_removed_later: html(`${TEXT}<div class=row><button class=gone onclick="busy(90)">Go</button></div>`),
  click_body: html(`${TEXT}<script>addEventListener('click', () => busy(90))</script>`),
  click_short: html(`${TEXT}${button('')}`),
  prerender: html(`${TEXT}<script>
     const told = (event) => document.visibilityState == 'hidden' && !document.prerendering && navigator.sendBeacon('/tell', JSON.stringify(oracle));
     addEventListener('visibilitychange', told);
     addEventListener('load', () => fetch('/prerendered'));
     document.addEventListener('prerenderingchange', () => {
       pushes([100, 80]);
       fetch('/leave').then(() => (location.href = '/empty'));
     });
     </script>`),
  bfcache: html(TEXT),
  bfcache_used: html(`${TEXT}${button('busy(120)')}`),
  bfcache_click_short: html(`${TEXT}${button('')}`),
  soft_text: soft(SOFT_TEXT),
  soft_click_100: soft(SOFT_TEXT, 'busy(100)'),
  soft_click_short: soft(SOFT_TEXT.replace('busy(80)', '')),
  soft_image: soft(image('?delay=300', 'class="next hero"')),
  script_late: html(`${TEXT}${button('busy(200)')}<script>
     window.played = pushes([200, 60]).then(() => after(1500)).then(() => {
       const script = document.createElement('script');
       Object.assign(script, { src: 'COLLECTOR/slowtax.js', async: true });
       script.dataset.site = 'shop';
       document.head.append(script);
     })</script>`, { tag: '' }),
  iframe_same_origin: html(`<h1>A title</h1><iframe src="/framed" width=600 height=300></iframe><script>window.played = after(1200)</script>`),
  iframe_cross_origin: html(`<h1>A title</h1><iframe src="OTHER/framed" width=600 height=300></iframe><script>window.played = after(1200)</script>`),
  early_hints: { hints: { link: '</picture.svg>; rel=preload; as=image' }, body: html(`<p>Text</p>${image('', '')}`) },
  redirect: html(TEXT),
  slow_document: html(TEXT),
  not_found: { status: 404, body: html('<h1>There is no such page</h1>') },
  resources_300: html(
    `<h1>Many</h1>${Array.from({ length: 300 }, (_, i) => `<img src="/dot.svg?${i}" width=1 height=1>`).join('')}${image('?delay=300', 'class=last')}`
  ),
};

/// What the pages need beside them: path to body.
export const BESIDE = {
  '/picture.svg': PICTURE,
  '/dot.svg': '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>',
  '/empty': html('No beacon here', { tag: '', watch: '' }),
  '/framed': html(`<h2>A title that moves</h2><button onclick="busy(200)">Go</button><script>pushes([100, 90], [400, 70])</script>`, {
    tag: '',
    watch: '<script src="/web-vitals.js"></script><script src="/watch.js"></script>',
  }),
  '/prerenders': html(
    `<h1>Prerenders</h1><script type="speculationrules">{"prerender":[{"source":"list","urls":["OWN"],"eagerness":"immediate"}]}</script>
     <a href="OWN">go</a><script>fetch('/activate').then(() => document.querySelector('a').click())</script>`,
    { tag: '', watch: '' }
  ),
};
