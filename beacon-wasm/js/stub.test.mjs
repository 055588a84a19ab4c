import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createContext, runInContext } from 'node:vm';

test('the script as it is built leaves no name behind, and does no harm where it cannot run', () => {
  const script = readFileSync(new URL('../../target/assets/beacon/slowtax.js', import.meta.url), 'utf8');
  const page = createContext({});
  // A second `let`, `const` or `class` of a name would throw; a `var` or a function would be found in the page.
  for (let again = 0; again < 2; again++) runInContext(script, page);
  assert.deepEqual(Object.getOwnPropertyNames(page), []);
});
