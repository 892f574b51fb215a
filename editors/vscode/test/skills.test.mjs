// The grammar over every skill, step type and test that is shipped.

import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {before, test} from 'node:test';
import oniguruma from 'vscode-oniguruma';
import textmate from 'vscode-textmate';

const root = path.join(import.meta.dirname, '../../..');
const grammarFile = path.join(import.meta.dirname, '../syntaxes/skillrun.tmLanguage.json');
const embedded = 'meta.embedded.expression.skillrun';

let grammar;
let words; // the keys and the functions that the grammar was made with

before(async () => {
  const wasm = readFileSync(path.join(import.meta.dirname, '../node_modules/vscode-oniguruma/release/onig.wasm'));
  await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
  const text = readFileSync(grammarFile, 'utf8');
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({createOnigScanner: (s) => new oniguruma.OnigScanner(s), createOnigString: (s) => new oniguruma.OnigString(s)}),
    loadGrammar: async () => textmate.parseRawGrammar(text, grammarFile),
  });
  grammar = await registry.loadGrammar('source.skillrun');
  words = {
    keys: /\(([a-z_|]*\bidentity\b[a-z_|]*)\)/.exec(text)[1],
    functions: /\(\?:([a-z_0-9|A-Z]+)\)\(\?=\\\\s\*\\\\\(\)/.exec(text)[1],
  };
});

/** The lines of a text, each with the scopes of every character. */
function colours(text) {
  let stack = textmate.INITIAL;
  return text.split('\n').map((line) => {
    const result = grammar.tokenizeLine(line, stack);
    stack = result.ruleStack;
    const at = [];
    for (const token of result.tokens) {
      at.fill(token.scopes.slice(1), at.length, (at.length = token.endIndex));
    }
    return {line, at};
  });
}

const has = (scopes, name) => scopes.some((s) => s.startsWith(name));

/** What is wrong with the colours of a text, and how many expressions were looked at. */
function wrong(text) {
  const problems = [];
  let looked = 0;
  const keyed = new RegExp(`^( *(?:- )?)(?:${words.keys}):( +)([^\\s|>#])`);
  const called = new RegExp(`(?<![\\w.#])(?:${words.functions})\\(`, 'g');
  colours(text).forEach(({line, at}, i) => {
    const say = (what) => problems.push(`${i + 1}: ${what}: ${line}`);
    if (/^[a-z_]+:/.test(line) && !has(at[0], 'entity.name.tag')) {
      say('what began above goes on');
    }
    const comment = at.findIndex((s) => has(s, 'comment.line.number-sign'));
    for (const {index} of line.matchAll(/(?<![$%])[$%]\{\{/g)) {
      looked++;
      if (comment < 0 || index < comment) {
        if (!has(at[index], 'punctuation.section.embedded.begin')) {
          say(`no expression begins at ${index + 1}`);
        }
      }
    }
    const key = keyed.exec(line);
    if (key !== null && has(at[key[1].length], 'entity.name.tag')) {
      const names = has(at[key[0].length - 1], 'string.unquoted'); // in a mapping of the author's names
      looked++;
      if (!names && !has(at[key[0].length - 1], embedded) && !has(at[key[0].length - 1], 'punctuation.definition.string.begin')) {
        say('no expression behind the key');
      }
    }
    for (const {index} of line.matchAll(called)) {
      if (has(at[index], embedded) && !has(at[index], 'support.function') && !has(at[index], 'string') && !has(at[index], 'comment')) {
        say(`no function at ${index + 1}`);
      }
    }
    const opened = line.search(/(?<![$%])[$%]\{\{/);
    at.forEach((scopes, j) => {
      if (opened >= 0 && j > opened && line.startsWith('}}', j) && has(scopes, 'string') && !has(scopes, embedded) && !/%%\{\{|\$\$\{\{/.test(line)) {
        say(`an expression ended before ${j + 1}`);
      }
    });
  });
  return {problems, looked};
}

test('every expression of what is shipped is coloured', () => {
  const files = globSync('{skills,examples,examples/*}/*.yaml', {cwd: root});
  assert.ok(files.length > 100, `only ${files.length} files were found`);
  let all = 0;
  for (const file of files) {
    const {problems, looked} = wrong(readFileSync(path.join(root, file), 'utf8'));
    assert.deepEqual(problems, [], file);
    all += looked;
  }
  assert.ok(all > 1000, `only ${all} expressions were looked at`);
});

test('what is wrong is seen', () => {
  assert.deepEqual(wrong('a: "${{ x }}"\nif: len(x)\nb: 1').problems, []);
  assert.equal(wrong('a: ${{ x\nb: 1').problems.length, 1);
});
