// Packs the extension as a .vsix, and looks into it: what is in there is what people install.

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {isBuiltin} from 'node:module';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import yauzl from 'yauzl';

const expected = [
  '[Content_Types].xml',
  'extension.vsixmanifest',
  'extension/LICENSE.txt',
  'extension/dist/extension.js',
  'extension/dist/licenses.txt',
  'extension/language-configuration.json',
  'extension/package.json',
  'extension/readme.md',
  'extension/syntaxes/skillrun.tmLanguage.json',
];

/** The files of an archive, by their names. */
async function unpacked(file) {
  const zip = await yauzl.openPromise(file);
  const out = new Map();
  for await (const entry of zip.eachEntry()) {
    const chunks = [];
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      chunks.push(chunk);
    }
    out.set(entry.fileName, Buffer.concat(chunks));
  }
  return out;
}

process.chdir(path.dirname(fileURLToPath(import.meta.url)));
const out = process.argv[2] ?? 'skillrun.vsix';
execFileSync('npm', ['run', '--silent', 'build'], {stdio: 'inherit'});
execFileSync('node_modules/.bin/vsce', ['package', '--no-dependencies', '--out', out], {stdio: ['ignore', 'ignore', 'inherit']});
const files = await unpacked(out);
assert.deepEqual([...files.keys()].sort(), expected);
assert.equal(files.get('extension/LICENSE.txt').toString(), readFileSync('../../LICENSE', 'utf8'));
const program = files.get('extension/dist/extension.js').toString();
const needed = new Set([...program.matchAll(/\brequire\("([^"]+)"\)/g)].map((found) => found[1]));
assert.ok(needed.delete('vscode'));
assert.deepEqual([...needed].filter((name) => !isBuiltin(name)), [], 'all else is in the bundle');
console.log(`${out}: ${files.size} files, the program has ${Math.ceil(program.length / 1024)} KiB`);
