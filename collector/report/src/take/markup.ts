// An SVG as a text that stands alone: what style sheets say of it is written into it.

/** What of the DOM is needed. */
export interface Tree {
  nodeType: number;
  nodeName: string;
  nodeValue: string | null;
  childNodes: ArrayLike<Tree>;
  attributes?: ArrayLike<{ name: string; value: string }>;
}

const ELEMENT = 1;
const TEXT = 3;

/** Attributes that mean something in the page only. */
const LEFT_OUT = /^(class|style|tabindex|role|aria-.*|data-.*|on.*)$/;
/** What others refer to, as a fill that is a pattern does; of all else the name means something in the page only. */
const REFERRED = new Set(['pattern', 'linearGradient', 'radialGradient', 'clipPath', 'mask', 'marker']);

/** The properties that the charts use; all are attributes of SVG, so that none needs a style. */
export const PROPERTIES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-opacity',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'opacity',
  'paint-order',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'dominant-baseline',
] as const;

/** `styleOf` tells the computed properties of an element, `null` that it is not shown. */
export function markup(node: Tree, styleOf: (element: Tree) => Record<string, string> | null): string {
  if (node.nodeType === TEXT) return escape(node.nodeValue ?? '');
  if (node.nodeType !== ELEMENT) return '';
  const style = styleOf(node);
  if (style === null) return '';
  const given = new Map<string, string>();
  if (node.nodeName === 'svg') given.set('xmlns', 'http://www.w3.org/2000/svg');
  for (const { name, value } of Array.from(node.attributes ?? [])) {
    if (name === 'id' ? REFERRED.has(node.nodeName) : !LEFT_OUT.test(name)) given.set(name, value);
  }
  for (const [name, value] of Object.entries(style)) given.set(name, value);
  const attributes = [...given].map(([name, value]) => ` ${name}="${escape(value)}"`).join('');
  const content = Array.from(node.childNodes, (child) => markup(child, styleOf)).join('');
  return `<${node.nodeName}${attributes}>${content}</${node.nodeName}>`;
}

/** XML has no way to write most control characters, and a name may hold them. */
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

function escape(text: string): string {
  return text.replace(NOT_XML, '\ufffd').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
