// Bundles the console's script into the package: one file, tree-shaken, with the licences of what is in it beside it.

import { build } from 'esbuild';
import { readFileSync, writeFileSync } from 'node:fs';

const OUT = '../src/upwell/console/static/built';
const BUNDLED = ['echarts', 'htmx.org', 'zrender', 'tslib'];

await build({
  entryPoints: ['src/console.js'],
  outfile: `${OUT}/console.js`,
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  legalComments: 'none',
  logLevel: 'warning',
});

const licences = BUNDLED.map((name) => {
  const { version, license } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf-8'));
  const texts = ['LICENSE', 'LICENSE.txt', 'NOTICE'].flatMap((file) => {
    try {
      return [readFileSync(`node_modules/${name}/${file}`, 'utf-8')];
    } catch {
      return [];
    }
  });
  return `${name} ${version} (${license})\n\n${texts.join('\n')}`;
});
writeFileSync(`${OUT}/licences.txt`, licences.join(`\n${'-'.repeat(80)}\n`));
