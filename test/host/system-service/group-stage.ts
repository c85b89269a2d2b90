import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findHostPlace, Host, HostClient } from '../../../src/host/index.ts';
import { serviceSeatFile, systemClock, systemRandom } from '../../../src/platform/index.ts';
import { EngineStage } from '../engine-stage.ts';

export const asRoot = process.getuid?.() === 0 ? {} : { skip: 'needs root, to become another user' };
/** A user and a group that are neither root nor each other's. */
export const member = { uid: 65534, name: 'nobody' };
export const group = 65533;

/** A machine with a service. Its host is in this process. */
export class GroupStage extends EngineStage {
  readonly root = this.path('machine');
  readonly door = join(this.root, process.platform === 'darwin' ? 'var/run/cadangan' : 'run/cadangan');
  readonly state = join(this.root, 'var/lib/cadangan');
  readonly own = { stateFolder: this.path('state'), version: '0.0.0', random: systemRandom };
  readonly environment = { CADANGAN_SERVICE: this.root };

  constructor(t: TestContext) {
    super(t);
    chmodSync(this.folder, 0o755);
    mkdirSync(this.door, { recursive: true });
    mkdirSync(dirname(this.state), { recursive: true });
    mkdirSync(this.state, { mode: 0o700 });
    writeFileSync(serviceSeatFile(this.state), JSON.stringify({ version: 1, runtimeFolder: this.door }));
    writeFileSync(this.path('password'), 'canary-7f3a91-password', { mode: 0o600 });
  }

  /** A service, as `service run` starts it; the folder of its door is the group's, as the unit has it. */
  async serve(): Promise<Host> {
    chmodSync(this.door, 0o750);
    const host = await Host.start({
      stateFolder: this.state,
      configFile: this.configFile,
      world: { clock: systemClock, random: systemRandom, environment: {}, version: '0.0.0', programVersion: 'test' },
      runsSchedule: false,
      lingerMs: undefined,
      log: () => undefined,
      service: { door: this.door },
    });
    this.atEnd(() => host.end('asked'));
    // What a process of that group makes is the group's; this process is of another one.
    if (process.getuid?.() === 0)
      for (const name of ['', 'host.sock', 'group.key', 'service.json', 'proofs']) chownSync(join(this.door, name), 0, group);
    return host;
  }

  administrator(): HostClient {
    const client = new HostClient({
      place: () => findHostPlace(this.own, this.environment),
      startHost: async () => assert.fail('a host is started beside the service'),
      language: () => 'en',
      password: async () => undefined,
    });
    this.atEnd(() => client.close());
    return client;
  }

  /** Another user, of the group. */
  member(): (name: string, params?: unknown) => Promise<Told> {
    const script = fileURLToPath(new URL('member-child.ts', import.meta.url));
    const args = ['--disable-warning=ExperimentalWarning', script, this.door, this.state, String(member.uid), String(group)];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/' });
    this.atEnd(() => child.kill('SIGKILL'));
    const waiting = new Map<string, (told: Told) => void>();
    createInterface(child.stdout).on('line', (line) => {
      const told = JSON.parse(line) as Told;
      this.heard.push(told);
      waiting.get(told.name)?.(told);
    });
    return (name, params) =>
      new Promise((resolve) => {
        waiting.set(name, resolve);
        child.stdin.write(`${JSON.stringify([name, params])}\n`);
      });
  }

  readonly heard: Told[] = [];
}

export interface Told {
  readonly name: string;
  readonly code?: string;
  readonly result?: unknown;
}

/** A set with a file, a repository of its own, and a password that the service knows. */
export async function withSets(stage: GroupStage, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  stage.write('a.txt', 'what accounting knows');
  await stage.initRepository();
  const repository = { location: stage.repository, passwordFile: stage.path('password') };
  // The name of a set may stand among the tags of another one's snapshots: they are not of it.
  stage.configure({ name: 'data', repository, ...more }, { name: 'wages', repository, tags: ['data'] });
}
