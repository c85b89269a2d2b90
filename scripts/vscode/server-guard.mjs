// Stands between a test and its VS Code server: `node server-guard.mjs <folder> <program> <arguments...>`. When standard
// input ends, as it does when the parent dies, however that happens, the server is ended with what it started, and the folder
// removed. For Linux, as the servers.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import process from 'node:process';

/** The extension host gives extensions 5 s to say good-bye. */
const hostPatienceMs = 6_000;
/** For all of it: an engine comes to a safe point. */
const patienceMs = 12_000;

const [folder, program, ...args] = process.argv.slice(2);
// A group of its own: Ctrl-C in a terminal reaches us, and we decide; and what is left of it can be found by one number.
const server = spawn(program, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
let ending = false;

server.once('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
server.once('exit', (code, signal) => {
  if (!ending) console.error(`The server ended by itself: ${signal ?? code}`);
  void end();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
process.stdin.resume().once('end', end).once('error', end);

async function end() {
  if (ending) return;
  ending = true;
  tell(server.pid, 'SIGTERM');
  const startMs = performance.now();
  let left = members();
  while (left.length > 0 && performance.now() < startMs + patienceMs) {
    if (server.exitCode !== null || server.signalCode !== null) endOrphans(left, performance.now() - startMs);
    await new Promise((wake) => setTimeout(wake, 50));
    left = members();
  }
  for (const { pid, command } of left) {
    console.error(`Had to be killed: ${command}`);
    tell(pid, 'SIGKILL');
  }
  await endHost();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
}

/** Of the server's own children some do not see that it is gone; whatever an extension started must end by itself. */
function endOrphans(left, passedMs) {
  // These two have nothing to finish and look for their parent every 5 s.
  const idle = /--type=(fileWatcher|ptyHost)/;
  // The floor's waits up to 3 hours for its window to come back, if that was lost rather than closed.
  const host = /--type=extensionHost/;
  for (const { pid, command } of left) {
    if (idle.test(command) || (host.test(command) && passedMs > hostPatienceMs)) tell(pid, 'SIGTERM');
  }
}

/** Cadangan's own process outlives every window; of one that serves a folder of ours, whoever removes the folder is to end it. */
async function endHost() {
  const pid = hostPid();
  if (pid === undefined) return;
  tell(pid, 'SIGTERM');
  for (let waitedMs = 0; waitedMs < patienceMs && isAlive(pid); waitedMs += 50) await new Promise((wake) => setTimeout(wake, 50));
  if (isAlive(pid)) tell(pid, 'SIGKILL');
}

function hostPid() {
  try {
    return JSON.parse(readFileSync(`${folder}/state/host.json`, 'utf8')).pid;
  } catch {
    return undefined; // none was started
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Who is in the server's group now. */
function members() {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      // After the name, which may hold anything, come state, parent and group.
      const [state, , group] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1).split(' ');
      if (Number(group) !== server.pid || state === 'Z') return [];
      return [{ pid: Number(pid), command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }];
    } catch {
      return []; // gone meanwhile
    }
  });
}

function tell(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // gone meanwhile
  }
}
