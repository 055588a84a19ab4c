import assert from 'node:assert/strict';
import { test } from 'node:test';

import { selector } from './selector.js';

const page = { nodeType: 9, nodeName: '#document' };
const element = (name, parentNode, { id = '', classes = [] } = {}) => ({
  nodeType: 1,
  nodeName: name.toUpperCase(),
  id,
  classList: classes,
  parentNode,
});
const body = element('body', element('html', page));

test('a selector goes up to the root', () => {
  assert.equal(selector(element('p', body)), 'html>body>p');
});

test('a selector ends at an id', () => {
  const main = element('main', body, { id: 'main', classes: ['ignored'] });
  assert.equal(selector(element('img', main, { classes: ['wide', 'hero'] })), '#main>img.hero.wide');
});

test('a selector has no more than 100 characters, unless one element alone has', () => {
  let deep = body;
  for (let i = 0; i < 50; i++) deep = element('section', deep);
  const cut = selector(deep);
  assert.ok(cut.length < 100 && cut.startsWith('section>section'), cut);
  assert.equal(selector(element('p', body, { id: 'x'.repeat(200) })), '#' + 'x'.repeat(200));
});

test('no element is no selector', () => {
  assert.equal(selector(null), '');
  assert.equal(selector(undefined), '');
});
