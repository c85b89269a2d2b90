import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { waitUntil } from './wait-until.ts';

const kinds = process.platform === 'win32' ? ['pipe'] : process.platform === 'linux' ? ['abstract', 'file'] : ['file'];

/** A real process that takes part in the leadership. Killed at the end of the block, if it still lives. */
class Child implements AsyncDisposable {
  readonly said: Record<string, unknown>[] = [];
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #exited: Promise<unknown>;

  constructor(folder: string, kind: string, runMs: number) {
    this.#process = spawn(process.execPath, [join(import.meta.dirname, 'leader-child.ts'), folder, kind, String(runMs)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#exited = once(this.#process, 'exit');
    createInterface(this.#process.stdout).on('line', (line) => this.said.push(JSON.parse(line) as Record<string, unknown>));
  }

  get role(): unknown {
    return this.said.findLast((line) => 'role' in line)?.['role'];
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  async ask(question: 'status' | 'run'): Promise<Record<string, unknown>> {
    const count = this.said.length;
    this.#process.stdin.write(`${question}\n`);
    const isAnswer = (line: Record<string, unknown>): boolean => question in line || 'error' in line;
    await waitUntil(`an answer to ${question}`, () => this.said.slice(count).some(isAnswer));
    return this.said.slice(count).find(isAnswer)!;
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }

  async close(): Promise<void> {
    this.#process.stdin.write('close\n');
    await waitUntil('it closes', () => this.said.some((line) => 'closed' in line));
    this.#process.stdin.end();
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.kill();
  }
}

async function runsIn(folder: string): Promise<string[]> {
  return (await readFile(join(folder, 'runs.txt'), 'utf8').catch(() => '')).split('\n').filter(Boolean);
}

for (const kind of kinds) {
  test(`of several processes one leads; the others ask it, and one takes over when it is killed (${kind})`, async () => {
    await using folder = await temporaryFolder();
    const children = Array.from({ length: 4 }, () => new Child(folder.path, kind, 50));
    await using _cleanup = {
      [Symbol.asyncDispose]: async () => void (await Promise.all(children.map((child) => child[Symbol.asyncDispose]()))),
    };
    const alive = [...children];
    for (let deaths = 0; deaths < 3; deaths++) {
      await waitUntil('all have a role', () => alive.every(({ role }) => role === 'leader' || role === 'follower'));
      await waitUntil('there is one leader', () => alive.filter(({ role }) => role === 'leader').length === 1);
      for (const child of alive) assert.ok(Array.isArray((await child.ask('status'))['status']));
      const leader = alive.find(({ role }) => role === 'leader')!;
      alive.splice(alive.indexOf(leader), 1);
      await leader.kill();
      await waitUntil('another leads', () => alive.some(({ role }) => role === 'leader'));
    }
    assert.equal(alive.length, 1);
    await alive[0]!.close();
    const runs = await runsIn(folder.path);
    assert.equal(
      runs.filter((run) => run.includes('completed window')).length,
      1,
      `one run in the window, whoever led: ${runs.join('; ')}`,
    );
  });

  test(`a leader that is killed in mid-run hands the run over: begun twice, completed once (${kind})`, async () => {
    await using folder = await temporaryFolder();
    await using first = new Child(folder.path, kind, 600_000);
    await waitUntil('the first runs the set', async () => (await runsIn(folder.path)).length === 1);
    await using second = new Child(folder.path, kind, 50);
    await waitUntil('the second follows', () => second.role === 'follower');
    await first.kill();
    await waitUntil('the second completes the run', async () =>
      (await runsIn(folder.path)).some((run) => run.startsWith(`${second.pid} completed`)),
    );
    await waitUntil('the run that died is told of', () =>
      second.said.some(({ event, outcome }) => event === 'ended' && outcome === 'interrupted'),
    );
    await second.close();
    assert.equal((await runsIn(folder.path)).length, 3);
  });

  test(`a follower has the leader run a set, and hears of it (${kind})`, async () => {
    await using folder = await temporaryFolder();
    await using leader = new Child(folder.path, kind, 50);
    await waitUntil('it leads', () => leader.role === 'leader');
    await waitUntil('its window has had its run', async () => (await runsIn(folder.path)).length === 2);
    await using follower = new Child(folder.path, kind, 50);
    await waitUntil('the other follows', () => follower.role === 'follower');
    assert.deepEqual(await follower.ask('run'), { run: 'accepted' });
    await waitUntil('the follower hears of the end', () => follower.said.some(({ event }) => event === 'ended'));
    assert.deepEqual((await runsIn(folder.path)).at(-1), `${leader.pid} completed manual`);
    await leader.close();
    await waitUntil('the follower leads', () => follower.role === 'leader');
    await follower.close();
  });
}
