// Holds the schemas against a validator that is not ours: ajv, in its strict mode.
// usage: accepts.js SCHEMAS ROOT, the folder of the schemas and that of the module
import fs from 'node:fs'
import path from 'node:path'
import Ajv from 'ajv'
import addFormats from 'ajv-formats'
import YAML from 'yaml'

const [folder, root] = process.argv.slice(2)
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strictTypes: false })
addFormats(ajv)
const schemas = {}
for (const file of fs.readdirSync(folder)) {
  schemas[path.parse(file).name] = ajv.compile(JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8')))
}

const counts = {}
let wrong = 0
const fail = (...said) => { wrong++; console.log(...said) }

function accept(kind, name, text) {
  counts[kind] = (counts[kind] ?? 0) + 1
  const schema = schemas[kind]
  if (schema(YAML.parse(text))) return
  fail(`${name}: the schema ${kind} refuses it:`, schema.errors.filter(e => e.keyword !== 'if').slice(0, 3).map(e => `${e.instancePath} ${e.message}`))
}

// kindOf is the schema of a YAML text by its name and its first key; undefined is none.
function kindOf(name, text) {
  if (name.endsWith('_test.yaml') || /^(cases|defaults):/m.test(text)) return 'test'
  if (name.endsWith('sandbox.yaml') || /^ +(collections|responses):/m.test(text)) return 'sandbox'
  if (/^(services|site|policy|skills|timezone|secrets):/m.test(text) && !/^(name|steps):/m.test(text)) return 'config'
  if (!/^name:/m.test(text)) return undefined
  if (/^effect:/m.test(text)) return 'step-type'
  return /^steps:/m.test(text) ? 'skill' : undefined
}

function files(dir) {
  return fs.readdirSync(dir, { withFileTypes: true }).flatMap(e => {
    const at = path.join(dir, e.name)
    return e.isDirectory() ? (e.name === 'testdata' ? [] : files(at)) : [at]
  })
}

for (const file of ['skills', 'examples'].flatMap(dir => files(path.join(root, dir))).filter(f => f.endsWith('.yaml'))) {
  const text = fs.readFileSync(file, 'utf8')
  accept(kindOf(file, text) ?? 'config', file, text)
}
const mistakes = 'checks.md' // a page of files that are wrong
for (const page of ['.', 'docs'].flatMap(dir => fs.readdirSync(path.join(root, dir)).filter(f => f.endsWith('.md') && f !== mistakes).map(f => path.join(root, dir, f)))) {
  for (const [, text] of fs.readFileSync(page, 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms)) {
    const kind = kindOf(page, text)
    if (kind) accept(kind, page, text)
  }
}
const shipped = Object.entries(counts).map(([kind, n]) => `${n} ${kind}`).join(', ')

let refused = 0
for (const text of fs.readFileSync(path.join(root, 'cmd/skillrun/internal/schemas/testdata/bad.yaml'), 'utf8').split('---\n')) {
  const kind = text.match(/^# (\S+) /)[1]
  if (schemas[kind](YAML.parse(text))) fail(`the schema ${kind} accepts\n${text}`)
  else refused++
}
// A section of that page is of one code; these are of the shape of a file.
const shapes = ['unknown-key', 'missing-key', 'unknown-argument', 'missing-argument', 'two-kinds', 'no-kind', 'misplaced-key', 'bad-id', 'bad-step', 'bad-steps',
  'bad-with', 'bad-set', 'bad-await', 'bad-retry', 'bad-return', 'bad-declaration', 'bad-identity', 'bad-outputs', 'bad-errors', 'bad-duration', 'bad-enum',
  'unknown-type', 'unknown-format', 'literal-token']
for (const [, code, section] of fs.readFileSync(path.join(root, 'docs', mistakes), 'utf8').matchAll(/^## (\S+)\n(.*?)(?=^## |$(?![^]))/gms)) {
  const text = section.match(/^```yaml\n(.*?)^```$/ms)?.[1]
  const kind = text && kindOf(mistakes, text)
  if (!kind || !shapes.includes(code)) continue
  if (schemas[kind](YAML.parse(text))) fail(`${mistakes}, ${code}: the schema ${kind} accepts\n${text}`)
  else refused++
}
if (refused < 60) fail(`only ${refused} files were refused`)
for (const [kind, least] of Object.entries({ skill: 60, 'step-type': 15, test: 60, config: 3, sandbox: 1 })) {
  if (!(counts[kind] >= least)) fail(`only ${counts[kind]} files of the kind ${kind} were read`)
}
if (wrong) process.exit(1)
console.log(`ajv accepts what is shipped (${shipped}) and refuses ${refused} bad files`)
