import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exitCode } from '../../src/cli/exit-code.ts';
import { cliEnvironment, makeFolder, password } from './run-cli.ts';

/** Somebody without an entry in passwd(5). */
const uid = 54_321;
const asOther = fileURLToPath(new URL('../host/system-service/member-cli.ts', import.meta.url));
const root = { skip: process.platform === 'linux' && process.getuid?.() === 0 ? false : 'needs root on Linux, to become another user' };

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

class House {
  readonly folder: string;

  constructor(t: TestContext) {
    this.folder = makeFolder(t);
    mkdirSync(join(this.folder, 'home'));
    for (const path of [this.folder, join(this.folder, 'home')]) chownSync(path, uid, uid);
    chmodSync(this.folder, 0o755);
  }

  get state(): string {
    return join(this.folder, 'home', '.local', 'state', 'cadangan');
  }

  /** A command of the user, or of root who has kept the user's home. Its repository is one that nobody has to open: it is made. */
  run(who: 'user' | 'root', args: readonly string[], changes: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const { CADANGAN_CONFIG: _config, CADANGAN_STATE: _state, ...others } = cliEnvironment();
    const id = String(who === 'user' ? uid : 0);
    const env = {
      ...others,
      HOME: join(this.folder, 'home'),
      RESTIC_PASSWORD: password,
      RESTIC_REPOSITORY: join(this.folder, `repository-${this.#repositories++}`),
      ...changes,
    };
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', asOther, id, id, ...args],
        { cwd: this.folder, env },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
      );
    });
  }

  #repositories = 0;

  /** Of what is in the state. */
  owners(folder = this.state): Map<string, number> {
    const all = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
    return new Map([folder, ...all].map((path) => [path, lstatSync(path).uid]));
  }
}

test('a command of root in the home of a user leaves nothing in its state that the user cannot go on with', root, async (t) => {
  const house = new House(t);
  for (const who of ['root', 'user', 'root', 'user'] as const) {
    const { code, output } = await house.run(who, ['init']);
    assert.equal(code, 0, output);
    assert.doesNotMatch(output, /not recorded/);
    for (const [path, owner] of house.owners(join(house.folder, 'home'))) assert.equal(owner, uid, path);
  }
  const { output } = await house.run('user', ['records', 'list']);
  assert.match(output, /5 records/); // and their beginning
});

test('a state that root has taken is told with the command that gives it back, and the work is done all the same', root, async (t) => {
  const house = new House(t);
  assert.equal((await house.run('user', ['init'])).code, 0);
  chownSync(join(house.state, 'records', 'head.json'), 0, 0);
  const taken = await house.run('user', ['init']);
  assert.equal(taken.code, exitCode.exceptions, taken.output);
  const told = `belongs to user 0. An administrator gives it back: sudo chown -R ${uid} "${join(house.state, 'records')}"`;
  assert.ok(taken.output.includes(told), taken.output);
  const inIndonesian = await house.run('user', ['init', '--lang', 'id']);
  assert.ok(inIndonesian.output.includes(`sudo chown -R ${uid} "${join(house.state, 'records')}"`), inIndonesian.output);
});

test('without HOME and without an entry in passwd(5) there is a sentence, and what needs neither goes on', root, async (t) => {
  const house = new House(t);
  for (const HOME of [undefined, '', 'relative']) {
    const commands = [['records', 'list'], ...(HOME === undefined ? [['schedule', 'status'], ['backup', 'x'], ['drill']] : [])];
    for (const args of commands) {
      const { code, output } = await house.run('user', args, { HOME });
      assert.equal(code, 1, output);
      assert.match(output, /^The home folder of user 54321 is not known/, args.join(' '));
      assert.doesNotMatch(output, /\bat .*:\d+:\d+/);
    }
  }
  assert.equal((await house.run('user', ['version'], { HOME: undefined })).code, 0);
  const made = await house.run('user', ['init'], { HOME: undefined });
  assert.equal(made.code, exitCode.exceptions, made.output);
  assert.match(made.output, /this was not recorded: The home folder of user 54321 is not known/);
  assert.equal(existsSync(join(house.folder, 'relative')), false);
  const placed = { HOME: undefined, CADANGAN_CONFIG: join(house.folder, 'c.jsonc'), CADANGAN_STATE: join(house.folder, 'state') };
  assert.equal((await house.run('user', ['init'], placed)).code, 0);
  const xdg = { HOME: undefined, XDG_CONFIG_HOME: join(house.folder, 'xdg'), XDG_STATE_HOME: join(house.folder, 'xdg') };
  assert.equal((await house.run('user', ['init'], xdg)).code, 0);
});

test('a state folder at an impossible place ends nothing in a loop, and is told in a sentence', root, async (t) => {
  const house = new House(t);
  for (const CADANGAN_STATE of ['/proc/x/y', '/dev/null/x', '/sys/x', join(house.folder, 'home', 'no', '\0').slice(0, -1)]) {
    if (CADANGAN_STATE.includes('/no')) chmodSync(join(house.folder, 'home'), 0o500);
    const { code, output } = await house.run('user', ['init'], { CADANGAN_STATE });
    assert.equal(code, exitCode.exceptions, output);
    assert.match(output, /^this was not recorded: Cannot use "\//m, CADANGAN_STATE);
    for (const args of [['records', 'list']]) {
      const looked = await house.run('user', args, { CADANGAN_STATE });
      assert.doesNotMatch(looked.output, /unexpected|mistake/, args.join(' '));
    }
  }
});
