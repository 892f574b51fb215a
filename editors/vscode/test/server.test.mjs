import assert from 'node:assert/strict';
import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {Server} from '../src/server.js';

let root;
let program;

before(() => {
  root = mkdtempSync(path.join(tmpdir(), 'server-'));
  program = path.join(root, 'skillrun');
  writeFileSync(program, '#!/bin/sh\n');
  chmodSync(program, 0o755);
});
after(() => rmSync(root, {recursive: true}));

/** An editor, and all that happened in it. */
function editor({setting = '', trusted = true, folders = [], answer = undefined, fails = false} = {}) {
  const seen = [];
  const vscode = {
    workspace: {
      isTrusted: trusted,
      workspaceFolders: folders.map((fsPath) => ({uri: {scheme: 'file', fsPath}})),
      getConfiguration: (section) => ({get: (key, other) => (section === 'skillrun' && key === 'path' ? setting : other)}),
    },
    window: {
      showErrorMessage: async (text) => {
        seen.push(text);
        return answer;
      },
    },
    commands: {executeCommand: (...args) => seen.push(args.join(' '))},
  };
  class Client {
    constructor(id, name, server, client) {
      this.what = `${server.command} ${server.args.join(' ')} for ${client.documentSelector[0].language}`;
    }
    async start() {
      if (fails) {
        throw new Error('it ended');
      }
      seen.push(`start ${this.what}`);
    }
    async stop() {
      seen.push('stop');
      throw new Error('it does not answer');
    }
  }
  return {seen, server: new Server(vscode, Client, {PATH: root})};
}

test('it starts the program once, and stops it once', async () => {
  const {seen, server} = editor();
  await Promise.all([server.start(), server.start()]);
  await server.restart();
  await server.stop();
  await server.stop();
  const start = `start ${program} lsp for skillrun`;
  assert.deepEqual(seen, [start, 'stop', start, 'stop']);
});

test('a program that is not there is said, with the way to the setting', async () => {
  const {seen, server} = editor({setting: '/nowhere/skillrun', answer: 'Open the setting'});
  await server.start();
  await new Promise(setImmediate);
  assert.deepEqual(seen, [
    'There is no program at /nowhere/skillrun, which the setting skillrun.path names.',
    'workbench.action.openSettings skillrun.path',
  ]);
});

test('a person who does not answer keeps nothing waiting', async () => {
  const {seen, server} = editor({setting: '/nowhere/skillrun', answer: new Promise(() => {})});
  await server.start();
  assert.equal(seen.length, 1);
});

test('an untrusted workspace with a program of its own starts nothing', async () => {
  const {seen, server} = editor({trusted: false, folders: [root]});
  await server.start();
  assert.equal(seen.length, 1);
  assert.match(seen[0], /not trusted: it is not started/);
});

test('a server that does not start is said, and can be started again', async () => {
  const {seen, server} = editor({fails: true});
  await server.start();
  await server.restart();
  const said = `${program} lsp did not start: it ended`;
  assert.deepEqual(seen, [said, said]);
});
