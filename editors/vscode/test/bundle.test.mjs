// The bundle, as an editor loads it, speaks to a language server.

import assert from 'node:assert/strict';
import {chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import Module, {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';

let root;
let said;

before(() => {
  root = mkdtempSync(path.join(tmpdir(), 'bundle-'));
  said = path.join(root, 'said');
  const program = path.join(root, 'skillrun');
  writeFileSync(program, `#!${process.execPath}
// A language server that answers every request, and writes down what it is asked.
const fs = require('node:fs');
let text = Buffer.alloc(0);
fs.appendFileSync(${JSON.stringify(said)}, process.argv.slice(2).join(' ') + '\\n');
process.stdin.on('data', (more) => {
  text = Buffer.concat([text, more]);
  for (let head; (head = text.indexOf('\\r\\n\\r\\n')) >= 0; ) {
    const end = head + 4 + Number(/Content-Length: (\\d+)/.exec(text.subarray(0, head))[1]);
    if (text.length < end) return;
    const message = JSON.parse(text.subarray(head + 4, end));
    text = text.subarray(end);
    fs.appendFileSync(${JSON.stringify(said)}, message.method + '\\n');
    if (message.method === 'exit') process.exit(0);
    if (message.id === undefined) continue;
    const answer = JSON.stringify({jsonrpc: '2.0', id: message.id, result: message.method === 'initialize' ? {capabilities: {}} : null});
    process.stdout.write('Content-Length: ' + Buffer.byteLength(answer) + '\\r\\n\\r\\n' + answer);
  }
});
`);
  chmodSync(program, 0o755);
});
after(() => rmSync(root, {recursive: true}));

/** Anything that an editor has: it can be called, made and asked for more of itself. */
function anything(own = {}) {
  const it = new Proxy(class {}, {
    get: (target, key) => {
      if (key in own) return own[key];
      if (key === 'then' || typeof key === 'symbol') return undefined;
      if (key === 'prototype') return target.prototype;
      return (own[key] = anything());
    },
    apply: () => anything(),
    construct: (target, args, as) => (as === it ? anything() : Reflect.construct(class {}, [], as)), // as: of a subclass
  });
  return it;
}

/** Starts and stops the extension in an editor with a program, and returns what it told. */
async function live(program) {
  const told = [];
  const vscode = anything({
    version: '1.91.0',
    workspace: anything({
      isTrusted: true,
      workspaceFolders: undefined,
      textDocuments: [],
      notebookDocuments: [],
      getConfiguration: () => ({get: (key, other) => (key === 'path' ? program : other)}),
    }),
    window: anything({showErrorMessage: async (text) => void told.push(text)}),
    env: anything({language: 'en', appName: 'test'}),
  });
  const load = Module._load;
  Module._load = (name, ...rest) => (name === 'vscode' ? vscode : load(name, ...rest));
  const bundle = createRequire(import.meta.url).resolve('../dist/extension.js');
  delete Module._cache[bundle]; // it has the editor of the test before
  const {activate, deactivate} = createRequire(import.meta.url)(bundle);
  Module._load = load;
  await activate({subscriptions: []});
  await deactivate();
  return told;
}

test('it starts skillrun lsp, and stops it', {timeout: 20000}, async () => {
  assert.deepEqual(await live(path.join(root, 'skillrun')), []);
  assert.deepEqual(readFileSync(said, 'utf8').split('\n').slice(0, 4), ['lsp', 'initialize', 'initialized', 'shutdown']);
});

if (process.env.SKILLRUN !== undefined) {
  test('it starts the program itself', {timeout: 20000}, async () => {
    assert.deepEqual(await live(process.env.SKILLRUN), []);
  });
}
