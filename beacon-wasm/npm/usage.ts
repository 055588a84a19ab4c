// What the types must allow, and what they must refuse. Only compiled (index.test.mjs), never run.

import { load, slowtax, type Commands, type LoadOptions } from './index.js';

load({ collector: 'https://rum.example.com', site: 'shop' });
load({ collector: new URL('https://rum.example.com'), site: 'shop', endpoint: '/beacon' });
const all: LoadOptions = {
  src: '/slowtax.js',
  endpoint: 'https://rum.example.com/v1/beacon',
  site: 'shop',
  consent: 'required',
  gpc: 'ignore',
  sample: 10,
  session: 'site',
  debug: true,
  nonce: 'r4nd0m',
  integrity: 'sha384-x',
};
load(all);
// @ts-expect-error no site
load({ collector: 'https://rum.example.com' });
// @ts-expect-error from nowhere
load({ site: 'shop' });
// @ts-expect-error from two places
load({ site: 'shop', src: '/slowtax.js', collector: 'https://rum.example.com' });
// @ts-expect-error not a word for it
load({ collector: 'https://rum.example.com', site: 'shop', consent: true });
// @ts-expect-error misspelt
load({ collector: 'https://rum.example.com', site: 'shop', samples: 2 });

slowtax('goal', 'order');
slowtax('goal', 'order', { value: 49.9 });
slowtax('page', 'item');
slowtax('set', 'release', '2026.11.3');
slowtax('set', 'items', 3);
slowtax('error', new Error('caught'));
slowtax('consent', true);
window.slowtax?.('goal', 'order');
// @ts-expect-error a value of its own
slowtax('goal', 'order', 49.9);
// @ts-expect-error no name
slowtax('page');
// @ts-expect-error no value
slowtax('set', 'release');
// @ts-expect-error not a truth
slowtax('consent', 'yes');
// @ts-expect-error no such command
slowtax('measure', 'order');

const tell = <Command extends keyof Commands>(command: Command, ...values: Commands[Command]): void => slowtax(command, ...values);
tell('goal', 'order', { value: 1 });
