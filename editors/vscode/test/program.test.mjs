import assert from 'node:assert/strict';
import {chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {find} from '../src/program.js';

let root;
let from;

function program(...at) {
  const file = path.join(root, ...at);
  mkdirSync(path.dirname(file), {recursive: true});
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o755);
  return file;
}

before(() => {
  root = mkdtempSync(path.join(tmpdir(), 'find-'));
  from = {setting: '', env: {PATH: ''}, home: path.join(root, 'home'), windows: false, folders: [path.join(root, 'work')], trusted: true};
});
after(() => rmSync(root, {recursive: true}));

test('the first program of PATH is found', () => {
  const first = program('a', 'skillrun');
  program('b', 'skillrun');
  writeFileSync(path.join(root, 'skillrun'), 'text'); // nothing that can be started
  mkdirSync(path.join(root, 'c', 'skillrun'), {recursive: true}); // a folder
  const PATH = [root, 'c', 'a', 'b'].map((d, i) => (i === 0 ? d : path.join(root, d))).join(path.delimiter);
  assert.deepEqual(find({...from, env: {PATH}}), {program: first});
});

test('a folder of PATH that is not absolute is passed over', () => {
  program('a', 'skillrun');
  for (const PATH of ['', '.', path.relative(process.cwd(), path.join(root, 'a'))]) {
    assert.match(find({...from, env: {PATH}}).problem, /not found in the folders of PATH/);
  }
});

test('the setting comes first', () => {
  const set = program('set', 'other name');
  const PATH = path.dirname(program('a', 'skillrun'));
  assert.deepEqual(find({...from, setting: ` ${set} `, env: {PATH}}), {program: set});
  const own = program('home', 'bin', 'skillrun');
  assert.deepEqual(find({...from, setting: '~/bin/skillrun'}), {program: own});
});

test('a setting that is wrong is not replaced by PATH', () => {
  const PATH = path.dirname(program('a', 'skillrun'));
  assert.match(find({...from, setting: 'skillrun', env: {PATH}}).problem, /not an absolute path: skillrun/);
  assert.match(find({...from, setting: path.join(root, 'none'), env: {PATH}}).problem, /no program at .*none, which the setting/);
});

test('an untrusted workspace starts nothing of its own', () => {
  const own = program('work', 'bin', 'skillrun');
  const users = program('users', 'skillrun');
  const linked = path.join(root, 'linked');
  mkdirSync(linked, {recursive: true});
  symlinkSync(own, path.join(linked, 'skillrun'));
  const work = path.dirname(own);
  const untrusted = {...from, trusted: false};
  for (const dir of [work, linked]) {
    assert.match(find({...untrusted, env: {PATH: dir}}).problem, /part of this workspace, which is not trusted/);
    const PATH = [dir, path.dirname(users)].join(path.delimiter);
    assert.deepEqual(find({...untrusted, env: {PATH}}), {program: users});
    assert.deepEqual(find({...from, env: {PATH}}), {program: path.join(dir, 'skillrun')}, 'trusted');
  }
  assert.match(find({...untrusted, setting: own}).problem, /not trusted: it is not started/);
});
