// Bundles the extension into one file, with the licenses of what it contains.

import {build} from 'esbuild';
import {copyFileSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

process.chdir(path.dirname(fileURLToPath(import.meta.url)));
const {metafile} = await build({
  entryPoints: ['src/extension.js'],
  outfile: 'dist/extension.js',
  bundle: true,
  external: ['vscode'],
  format: 'cjs',
  platform: 'node',
  target: 'node20', // of the oldest VS Code that package.json allows
  minify: true,
  metafile: true,
});

const packages = new Set();
for (const file of Object.keys(metafile.inputs)) {
  const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file);
  if (found !== null) {
    packages.add(found[1]);
  }
}
const licenses = [...packages].sort().map((dir) => {
  const {name, version, license} = JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8'));
  const file = readdirSync(dir).find((entry) => /^licen[sc]e/i.test(entry));
  if (file === undefined) {
    throw new Error(`${name} has no license`);
  }
  return `${name} ${version} (${license})\n\n${readFileSync(path.join(dir, file), 'utf8').trim()}\n`;
});
writeFileSync('dist/licenses.txt', licenses.join(`\n${'-'.repeat(72)}\n\n`));
copyFileSync('../../LICENSE', 'LICENSE'); // one that stands in the repository once
