import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';

/** Programs that tests run beside ours, and the Debian package that brings each: programs of others, and a browser. */
const packages = JSON.parse(readFileSync(new URL('./debian-packages.json', import.meta.url), 'utf8'));

/** All of them, but for those that a part of the tests wants for itself. */
export const programsBeside = Object.keys(packages).filter((program) => !['chromium', 'wine'].includes(program));

/**
 * Brings those of these programs that are not there: by apt as root, else by naming the command.
 * Never fails: a test that misses its program says so itself.
 */
export function provideTools(programs) {
  const missing = programs.filter((program) => !isThere(program)).flatMap((program) => packages[program].split(' '));
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (!isThere('apt-get') || process.getuid?.() !== 0) {
    console.log(`Some tests want programs that are not here. On Debian: sudo ${command}`);
    return;
  }
  console.log(`Installing for the tests: ${missing.join(' ')} ...`);
  // A fresh machine has no package lists; one that has them is spared the download.
  if (!apt(['install', ...missing])) {
    apt(['update']);
    if (!apt(['install', ...missing])) console.log(`That did not work. Try: ${command}`);
  }
}

function isThere(program) {
  const finder = process.platform === 'win32' ? 'where' : 'which';
  return spawnSync(finder, [program], { stdio: 'ignore' }).status === 0;
}

function apt(args) {
  const run = spawnSync('apt-get', ['-y', '-q=2', '--no-install-recommends', ...args], {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return run.status === 0;
}
