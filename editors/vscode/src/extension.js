// The extension: the language server `skillrun lsp` for files of the language skillrun.

const vscode = require('vscode');
const {LanguageClient} = require('vscode-languageclient/node');
const {Server} = require('./server.js');

let server;

/** Is called when the first skill is opened. */
async function activate(context) {
  server = new Server(vscode, LanguageClient, process.env);
  context.subscriptions.push(
    vscode.commands.registerCommand('skillrun.restart', () => server.restart()),
    vscode.workspace.onDidChangeConfiguration((change) => change.affectsConfiguration('skillrun.path') && server.restart()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => server.restart()),
  );
  await server.start();
}

/** Is called when the window closes. */
function deactivate() {
  return server?.stop();
}

module.exports = {activate, deactivate};
