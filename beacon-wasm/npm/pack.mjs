// Makes the npm package: `node pack.mjs SCRIPTS PACKAGE VERSION`. SCRIPTS is the folder with the beacon's built files, PACKAGE what is made anew.

import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [scripts, place, version] = process.argv.slice(2);
const from = (path) => new URL(path, import.meta.url);
const write = (name, value) => writeFileSync(join(place, name), `${JSON.stringify(value, null, 2)}\n`);

rmSync(place, { recursive: true, force: true });
mkdirSync(place, { recursive: true });
for (const name of ['index.js', 'index.d.ts', 'README.md']) cpSync(from(name), join(place, name));
cpSync(from('../../LICENSE'), join(place, 'LICENSE'));
cpSync(scripts, place, { recursive: true });
write('package.json', { ...JSON.parse(readFileSync(from('package.json'), 'utf8')), private: undefined, version });

// As `integrity` attributes and import maps have it.
const integrity = (name) => 'sha384-' + createHash('sha384').update(readFileSync(join(place, name))).digest('base64');
const names = readdirSync(scripts).filter((name) => name.endsWith('.js'));
write('integrity.json', Object.fromEntries(names.map((name) => [name, integrity(name)])));
