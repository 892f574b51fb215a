// Starts and stops the language server, and says so when there is none.

const os = require('node:os');
const {find} = require('./program.js');

/**
 * The language server of a window: at most one process at a time.
 */
class Server {
  /**
   * @param vscode the editor's API
   * @param {new (id: string, name: string, server: object, client: object) => {start(): Promise<void>, stop(): Promise<void>}} Client
   * @param {NodeJS.ProcessEnv} env in which the program is looked for
   */
  constructor(vscode, Client, env) {
    this.vscode = vscode;
    this.Client = Client;
    this.env = env;
    this.client = undefined;
    this.turn = Promise.resolve(); // starts and stops come one after the other
  }

  /** Starts the server, or tells the person why it is not started. It does not fail. */
  start() {
    return this.next(() => this.begin());
  }

  /** Stops the server when there is one. It does not fail. */
  stop() {
    return this.next(() => this.end());
  }

  /** Starts another server, for one that has ended, or settings that have changed. */
  restart() {
    return this.next(async () => {
      await this.end();
      await this.begin();
    });
  }

  next(what) {
    this.turn = this.turn.then(what);
    return this.turn;
  }

  async begin() {
    if (this.client !== undefined) {
      return;
    }
    const {workspace} = this.vscode;
    const found = find({
      setting: workspace.getConfiguration('skillrun').get('path', ''),
      env: this.env,
      home: os.homedir(),
      windows: process.platform === 'win32',
      folders: (workspace.workspaceFolders ?? []).filter((f) => f.uri.scheme === 'file').map((f) => f.uri.fsPath),
      trusted: workspace.isTrusted,
    });
    if ('problem' in found) {
      this.tell(found.problem);
      return;
    }
    const client = new this.Client(
      'skillrun',
      'skillrun',
      {command: found.program, args: ['lsp'], options: {env: this.env}},
      {documentSelector: [{scheme: 'file', language: 'skillrun'}]},
    );
    try {
      await client.start();
      this.client = client;
    } catch (error) {
      this.tell(`${found.program} lsp did not start: ${error instanceof Error ? error.message : error}`);
    }
  }

  async end() {
    const client = this.client;
    this.client = undefined;
    try {
      await client?.stop();
    } catch {
      // It has ended already, or does not answer: there is nothing to stop.
    }
  }

  /** Shows a problem, with the way to the setting. It does not wait for the person. */
  tell(problem) {
    const settings = 'Open the setting';
    const choice = this.vscode.window.showErrorMessage(problem, settings);
    Promise.resolve(choice).then((chosen) => {
      if (chosen === settings) {
        this.vscode.commands.executeCommand('workbench.action.openSettings', 'skillrun.path');
      }
    });
  }
}

module.exports = {Server};
