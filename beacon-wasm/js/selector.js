import { SELECTOR_MAX } from './constants.js';

// A node's selector, from it upwards as far as it fits: `#id`, at which it ends, or else the name and the classes in their
// alphabetical order. Never text, and no attribute but these two. The same as web-vitals', so that the two can be compared.
export const selector = (node) => {
  let path = '';
  // A form's fields stand in for its properties when they have such names.
  try {
    while (node && node.nodeType != 9) {
      const { id, nodeName } = node;
      const name = node.nodeType == 1 ? nodeName.toLowerCase() : nodeName.toUpperCase().replace('#', '');
      const own = id ? '#' + id : [name, ...[...(node.classList || [])].sort()].join('.');
      if (path.length + own.length >= SELECTOR_MAX) return path || own;
      path = path ? own + '>' + path : own;
      node = id ? 0 : node.parentNode;
    }
  } catch {}
  return path;
};
