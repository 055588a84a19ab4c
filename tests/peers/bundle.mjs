// Makes the scripts of the RUM clients that the beacon is measured beside, each as its own quick start has it, with all that is on by default.
//
//   node bundle.mjs OUT_DIR
//
// Writes one minified script per client: what a page loads of it at once. Where a client loads more later, `FILE+later.js` is all of it.
// Prints a line per file, its fields separated by tabs: FILE, package, version, what it is.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { build, transform } from 'esbuild';

/// As for the beacon's own files.
const MINIFIED = { minify: true, target: 'es2020', charset: 'utf8', legalComments: 'none' };

const HERE = new URL('./node_modules/', import.meta.url);
/// The browser tests have web-vitals too: in the project's own package.
const ABOVE = new URL('../../node_modules/', import.meta.url);

const datadog = (name) => `
  import { datadogRum } from '${name}';
  datadogRum.init({
    applicationId: '00000000-0000-0000-0000-000000000000',
    clientToken: 'pub00000000000000000000000000000000',
    site: 'datadoghq.com',
    service: 'shop',
    env: 'production',
    version: '1.0.0',
    sessionSampleRate: 100,
    sessionReplaySampleRate: 100,
    trackResources: true,
    trackLongTasks: true,
    trackUserInteractions: true,
  });`;

const FARO = `
  import { initializeFaro } from '@grafana/faro-web-sdk';
  initializeFaro({ url: 'https://rum.example.com/collect', apiKey: 'secret', app: { name: 'shop', version: '1.0.0' } });`;

const SENTRY = `
  import * as Sentry from '@sentry/browser';
  Sentry.init({
    dsn: 'https://0@rum.example.com/0',
    integrations: [Sentry.browserTracingIntegration()],
    tracesSampleRate: 1,
  });`;

/// What the package has ready-made.
const shipped = (file) => async (folder) => ({ now: await readFile(new URL(file, folder)) });

/// A tiny entry, bundled. What it imports dynamically comes later.
const bundled = (contents) => async () => {
  const { outputFiles, metafile } = await build({
    ...MINIFIED,
    stdin: { contents, resolveDir: new URL('.', import.meta.url).pathname, sourcefile: 'entry.js' },
    bundle: true,
    format: 'esm',
    splitting: true,
    write: false,
    metafile: true,
    absWorkingDir: '/',
    outdir: '/out',
  });
  const outputs = Object.entries(metafile.outputs).map(([path, output]) => ['/' + path, output]);
  const found = new Map(outputs);
  const atOnce = new Set();
  const visit = (path) => {
    if (atOnce.has(path)) return;
    atOnce.add(path);
    for (const { path: next, kind } of found.get(path).imports) if (kind === 'import-statement') visit('/' + next);
  };
  visit(outputs.find(([, { entryPoint }]) => entryPoint)[0]);
  const join = (files) => Buffer.concat(files.map(({ contents }) => contents));
  const now = join(outputFiles.filter(({ path }) => atOnce.has(path)));
  return atOnce.size < outputFiles.length ? { now, later: join(outputFiles) } : { now };
};

/// boomerang ships its sources and lists of plugins: its own build joins them, and leaves out what is there to debug.
const boomerang = async (folder) => {
  const { flavors } = JSON.parse(await readFile(new URL('plugins.json', folder), 'utf8'));
  const names = ['boomerang.js', ...flavors.default.plugins, 'plugins/zzz-last-plugin.js'];
  const sources = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
  const source = sources.join('\n').replace(/\/\*\s*BEGIN_DEBUG\s*\*\/[^]*?\/\*\s*END_DEBUG\s*\*\//g, '');
  const pure = ['debug', 'info', 'warn', 'error'].map((level) => `BOOMR.${level}`).concat('debugLog');
  return { now: (await transform(source, { ...MINIFIED, pure })).code };
};

const PEERS = [
  ['web-vitals', 'as shipped: attribution, iife; without sending', shipped('dist/web-vitals.attribution.iife.js')],
  ['@speedcurve/lux', 'as shipped: es2020', shipped('dist/lux.es2020.min.js')],
  ['boomerangjs', 'flavor "default" of its plugins.json', boomerang],
  ['@grafana/faro-web-sdk', 'initializeFaro with its default instrumentations', bundled(FARO)],
  ['@datadog/browser-rum-slim', 'quick start', bundled(datadog('@datadog/browser-rum-slim'))],
  ['@datadog/browser-rum', 'quick start', bundled(datadog('@datadog/browser-rum'))],
  ['@sentry/browser', 'with browserTracingIntegration', bundled(SENTRY)],
];

const out = process.argv[2];
for (const [name, about, make] of PEERS) {
  const folder = new URL(`${name}/`, name === 'web-vitals' ? ABOVE : HERE);
  const { version } = JSON.parse(await readFile(new URL('package.json', folder), 'utf8'));
  const { now, later } = await make(folder);
  const stem = name.replace(/^@/, '').replace('/', '-');
  const write = async (file, bytes, what) => {
    await writeFile(join(out, file), bytes);
    process.stdout.write(`${[file, name, version, what].join('\t')}\n`);
  };
  await write(`${stem}.js`, now, about);
  if (later) await write(`${stem}+later.js`, later, `${about}, and what it loads later`);
}
