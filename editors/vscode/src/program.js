// Finds the program that is the language server.

const fs = require('node:fs');
const path = require('node:path');

/**
 * Returns the absolute path of the program to start, or why there is none.
 *
 * The program is the one that the setting names, else the first `skillrun` in the
 * folders of PATH. A folder of PATH that is not absolute is the working directory of
 * whoever looks, which can be anybody's: it is passed over. A program that lies in a
 * workspace that is not trusted is never returned.
 *
 * @param {{setting: string, env: {[name: string]: string | undefined}, home: string,
 *   windows: boolean, folders: string[], trusted: boolean}} from
 * @returns {{program: string} | {problem: string}}
 */
function find(from) {
  const setting = from.setting.trim();
  if (setting !== '') {
    const file = /^~[/\\]/.test(setting) ? path.join(from.home, setting.slice(2)) : setting;
    if (!path.isAbsolute(file)) {
      return {problem: `The setting skillrun.path is not an absolute path: ${setting}`};
    }
    if (!isProgram(file)) {
      return {problem: `There is no program at ${file}, which the setting skillrun.path names.`};
    }
    return allowed(file, from) ? {program: file} : {problem: inside(file)};
  }
  const name = from.windows ? 'skillrun.exe' : 'skillrun';
  const list = from.env.PATH ?? from.env.Path ?? '';
  const found = list.split(path.delimiter).filter((dir) => path.isAbsolute(dir)).map((dir) => path.join(dir, name)).filter(isProgram);
  const program = found.find((file) => allowed(file, from));
  if (program !== undefined) {
    return {program};
  }
  if (found.length > 0) {
    return {problem: inside(found[0])};
  }
  return {problem: 'The program skillrun was not found in the folders of PATH. Install it, or name it in the setting skillrun.path.'};
}

function inside(file) {
  return `The program ${file} is part of this workspace, which is not trusted: it is not started.`;
}

function isProgram(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Reports whether a program may be started: where nobody trusts the workspace, not one of it. */
function allowed(file, {folders, trusted}) {
  return trusted || !folders.some((folder) => within(folder, file) || within(real(folder), real(file)));
}

function within(folder, file) {
  const way = path.relative(folder, file);
  return way !== '..' && !way.startsWith('..' + path.sep) && !path.isAbsolute(way);
}

function real(name) {
  try {
    return fs.realpathSync(name);
  } catch {
    return name;
  }
}

module.exports = {find};
