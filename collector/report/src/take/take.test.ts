import assert from 'node:assert/strict';
import { test } from 'node:test';

import { csv } from './csv';
import { type Tree, markup } from './markup';

interface Row {
  page: string;
  views: number | null;
}

const COLUMNS = [
  { key: 'page', value: (row: Row) => row.page },
  { key: 'views', value: (row: Row) => row.views },
];

test('a CSV has a head, quoted texts, plain numbers, and nothing for what is not known', () => {
  assert.equal(csv(COLUMNS, [{ page: '/a "b", c', views: 12.5 }, { page: '', views: null }]), '"page","views"\r\n"/a ""b"", c",12.5\r\n"",\r\n');
});

test('a page that is named like a formula is none in a spreadsheet', () => {
  const lines = csv(COLUMNS, ['=1+1', '+1', '-1', '@a', '/a=1'].map((page) => ({ page, views: -1 }))).split('\r\n');
  assert.deepEqual(lines.slice(1, 6), ['"\'=1+1",-1', '"\'+1",-1', '"\'-1",-1', '"\'@a",-1', '"/a=1",-1']);
});

function text(value: string): Tree {
  return { nodeType: 3, nodeName: '#text', nodeValue: value, childNodes: [] };
}

function element(name: string, attributes: Record<string, string>, ...childNodes: Tree[]): Tree {
  return { nodeType: 1, nodeName: name, nodeValue: null, childNodes, attributes: Object.entries(attributes).map(([key, value]) => ({ name: key, value })) };
}

test('a picture holds what style sheets say, and nothing that means something in the page only', () => {
  const bar = element('rect', { class: 'a', 'data-x': '1', x: '3', onclick: 'no()', style: 'fill:red' });
  const drawn = element('svg', { class: 'chart-svg', role: 'img', 'aria-label': 'x', viewBox: '0 0 1 1' }, bar);
  const made = markup(drawn, () => ({ fill: 'rgb(1, 2, 3)' }));
  assert.equal(made, '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1" fill="rgb(1, 2, 3)"><rect x="3" fill="rgb(1, 2, 3)"></rect></svg>');
});

test('names in a picture are text, whatever they hold', () => {
  const made = markup(element('text', {}, text('<img src=x onerror=alert(1)> & "q" \u0001')), () => ({}));
  assert.equal(made, '<text>&lt;img src=x onerror=alert(1)&gt; &amp; &quot;q&quot; \ufffd</text>');
});

test('what a fill refers to keeps its name, so that hatching is in a saved map', () => {
  const drawn = element('svg', { id: 'map' }, element('defs', {}, element('pattern', { id: 'hatch', width: '5' })), element('path', { id: 'BR', d: 'M0 0' }));
  const made = markup(drawn, (node) => (node.nodeName === 'path' ? { fill: 'url("#hatch") red' } : {}));
  assert.equal(
    made,
    '<svg xmlns="http://www.w3.org/2000/svg"><defs><pattern id="hatch" width="5"></pattern></defs><path d="M0 0" fill="url(&quot;#hatch&quot;) red"></path></svg>',
  );
});

test('what is not shown is not in the picture', () => {
  const drawn = element('g', {}, element('rect', { id: 'hidden' }), element('circle', { r: '1' }));
  assert.equal(markup(drawn, (node) => (node.nodeName === 'rect' ? null : {})), '<g><circle r="1"></circle></g>');
});
