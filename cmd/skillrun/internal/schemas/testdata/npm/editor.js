// Asks yaml-language-server what an editor would: with the comment that names a schema,
// and a schema that is a file.
// usage: editor.js SCHEMA, the file of the schema of skills
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)
const rpc = require('vscode-jsonrpc/node')
const server = spawn(process.execPath, [path.join(path.dirname(fileURLToPath(import.meta.url)), 'node_modules/yaml-language-server/bin/yaml-language-server'), '--stdio'])
const connection = rpc.createMessageConnection(new rpc.StreamMessageReader(server.stdout), new rpc.StreamMessageWriter(server.stdin))
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'editor-'))
fs.copyFileSync(process.argv[2], path.join(folder, 'skill.json'))

let wrong = 0
function fail(...said) { wrong++; console.log(...said) }

const published = {}
connection.onNotification('textDocument/publishDiagnostics', m => published[m.uri]?.(m.diagnostics))
connection.onRequest('client/registerCapability', () => null)
connection.onRequest('workspace/configuration', m => m.items.map(i => i.section === 'yaml'
  ? { completion: true, hover: true, validate: true, schemaStore: { enable: false }, kubernetesCRDStore: { enable: false } } : null))
connection.listen()
await connection.sendRequest('initialize', {
  processId: process.pid, rootUri: pathToFileURL(folder).href, workspaceFolders: null,
  capabilities: { textDocument: { completion: { completionItem: { snippetSupport: true } }, hover: { contentFormat: ['markdown'] } }, workspace: { configuration: true } },
})
connection.sendNotification('initialized', {})

let count = 0
// open opens a skill, in which ‸ marks the cursor, and returns where that is.
function open(text) {
  text = '# yaml-language-server: $schema=skill.json\nname: written\nsteps:\n  - id: a\n' + text
  const before = text.split('‸')[0].split('\n')
  const uri = pathToFileURL(path.join(folder, `skill${count++}.yaml`)).href
  const diagnostics = new Promise(resolve => { published[uri] = resolve })
  connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text: text.replace('‸', '') } })
  return { diagnostics, at: { textDocument: { uri }, position: { line: before.length - 1, character: before.at(-1).length } } }
}

async function completes(text, ...wanted) {
  const answer = await connection.sendRequest('textDocument/completion', open(text).at)
  const labels = (answer.items ?? answer).map(i => i.label)
  for (const w of wanted) if (w[0] === '!' ? labels.includes(w.slice(1)) : !labels.includes(w)) fail(`completing\n${text}\noffers ${labels}, want ${w}`)
}

async function tells(text, wanted) {
  const answer = await connection.sendRequest('textDocument/hover', open(text).at)
  if (!answer?.contents.value.includes(wanted)) fail(`hovering over\n${text}\ntells ${answer?.contents.value}, want ${wanted}`)
}

async function reports(text, ...wanted) {
  const said = (await open(text + '‸').diagnostics).map(d => d.message)
  if (said.length !== wanted.length || wanted.some(w => !said.some(s => s.includes(w)))) fail(`of\n${text}\nit says ${said}, want ${wanted}`)
}

await completes('    uses: ‸\n', 'git_log', 'jira_create_issue', 'http_get')
await completes('    uses: git_log\n    with:\n      ‸\n', 'repo', 'to', 'limit', '!project')
await completes('    uses: gitlab_mr_view\n    with:\n      project: a/b\n      ‸\n', 'iid', '!repo')
await completes('    await:\n      uses: gitlab_mr_view\n      with:\n        ‸\n', 'project', 'iid')
await completes('    uses: jira_create_issue\n    errors:\n      ‸\n', 'forbidden')
await completes('    ‸\n', 'uses', 'set', 'for_each', 'approve')
await tells('    uses: git_log\n    with:\n      re‸po: x\n', 'a clone')
await tells('    uses: git_l‸og\n    with:\n      repo: x\n', 'List the commits')
await tells('    for_e‸ach: inputs.x\n    set: {x: 1}\n', 'once for each item')
await reports('    set: {x: 1}\n')
await reports('    uses: git_log\n    with: {repo: x, to: "${{ inputs.sha }}", tagg: y}\n', 'tagg is not allowed')
await reports('    uses: gitlab_mr_view\n    with: {project: a/b, iid: first}\n', 'integer')
await reports('    uses: gitlab_mr_view\n    with: {project: a/b, iid: "${{ inputs.iid }}"}\n')

server.kill()
fs.rmSync(folder, { recursive: true })
if (wrong) process.exit(1)
console.log(`yaml-language-server completes, explains and checks ${count} skills as they are written`)
process.exit(0)
