import assert from 'node:assert/strict';
import { chownSync, existsSync, linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Channel } from '../../src/host/channel.ts';
import { Host, visitHost } from '../../src/host/index.ts';
import { openProofs, provenUser, proveUser } from '../../src/host/proven-user.ts';
import { systemClock, systemRandom } from '../../src/platform/index.ts';
import { RecordHistory } from '../../src/records/index.ts';
import { protocol, type Audience } from '../../src/service/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { someBackup } from '../records/some-records.ts';
import { EngineStage, password } from './engine-stage.ts';

const unix = { skip: process.platform === 'win32' && 'Windows has no such owners' };
const isRoot = process.getuid?.() === 0;
/** Whoever is root can be another user in a test: nobody, as every system has it. */
const other = { uid: 65534, name: 'nobody' };

async function proofsOf(t: TestContext): Promise<string> {
  const stateFolder = mkdtempSync(join(tmpdir(), 'cadangan-proofs-'));
  t.after(() => rmSync(stateFolder, { recursive: true, force: true }));
  await openProofs(stateFolder);
  return stateFolder;
}

/** A client whose answer is what it is. */
function clientThat(prove: (params: protocol.ProveUserParams) => boolean | undefined | Promise<boolean>): Audience {
  const ask = async (_question: unknown, params: unknown): Promise<unknown> => prove(params as protocol.ProveUserParams);
  return { tell: () => undefined, log: () => undefined, ask: ask as Audience['ask'] };
}

test('whoever makes the file that is asked for is its owner, and the file does not stay', unix, async (t) => {
  const stateFolder = await proofsOf(t);
  const client = clientThat((params) => proveUser(stateFolder, params));
  assert.equal(await provenUser(client, stateFolder, systemRandom), userInfo().username);
  if (isRoot) {
    const owned = clientThat(async (params) => {
      const isMade = await proveUser(stateFolder, params);
      chownSync(join(stateFolder, 'proofs', params.name), other.uid, other.uid);
      return isMade;
    });
    assert.equal(await provenUser(owned, stateFolder, systemRandom), other.name);
  }
  assert.deepEqual(readdirSync(join(stateFolder, 'proofs')), []);
});

test('a file of somebody else, a link, a file that others can write, and none at all prove nothing', unix, async (t) => {
  const stateFolder = await proofsOf(t);
  const theirs = join(stateFolder, 'theirs');
  const at = ({ name }: protocol.ProveUserParams): string => join(stateFolder, 'proofs', name);
  const attempts: Record<string, (params: protocol.ProveUserParams) => boolean | undefined> = {
    'no answer': () => undefined,
    'it cannot': () => false,
    'no file': () => true,
    'it says something else': (params) => (writeFileSync(at(params), 'x'.repeat(32), { mode: 0o600 }), true),
    'it says more': (params) => (writeFileSync(at(params), `${params.said}x`, { mode: 0o600 }), true),
    'a link': (params) => (writeFileSync(theirs, params.said, { mode: 0o600 }), symlinkSync(theirs, at(params)), true),
    'a second name of a file': (params) => (writeFileSync(theirs, params.said, { mode: 0o600 }), linkSync(theirs, at(params)), true),
    'others can write it': (params) => (proveNow(at(params), params.said), true),
  };
  for (const [what, prove] of Object.entries(attempts)) {
    await t.test(what, async () => {
      assert.equal(await provenUser(clientThat(prove), stateFolder, systemRandom), undefined);
      assert.deepEqual(readdirSync(join(stateFolder, 'proofs')), []);
      rmSync(theirs, { force: true });
    });
  }
});

function proveNow(path: string, said: string): void {
  const before = process.umask(0);
  writeFileSync(path, said, { mode: 0o666 });
  process.umask(before);
}

test('a client makes a file in the folder for proofs only, and never in the place of another', async (t) => {
  const stateFolder = await proofsOf(t);
  const params = { name: 'ab'.repeat(16), said: 'cd'.repeat(16) };
  assert.equal(await proveUser(stateFolder, params), true);
  assert.equal(await proveUser(stateFolder, { ...params, said: 'ef'.repeat(16) }), false);
  assert.equal(readFileSync(join(stateFolder, 'proofs', params.name), 'utf8'), params.said);
  for (const name of ['../x', '/tmp/x', '', 'AB'.repeat(16)])
    assert.equal(protocol.proveUser.params.safeParse({ ...params, name }).success, false);
});

test('the record of a run, and of an approval, names the user who asked; without a proof the one of the host', unix, async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  stage.configure();
  const stateFolder = stage.path('state');
  const world = { clock: systemClock, random: systemRandom, environment: {}, version: '1.2.10', programVersion: 'test' };
  const log = (): void => undefined;
  // Only a period that has ended, and lies not before the history, can be approved.
  const daysAgo = (days: number): bigint => systemClock.nowNs() - BigInt(days) * 86_400_000_000_000n;
  const old = { clock: new VirtualClock({ startNs: daysAgo(3) }), random: systemRandom, software: 'cadangan test' };
  await new RecordHistory(stateFolder, old).append(someBackup(new SeededRandom(1), { kind: 'check' }));
  const to = new Date(Number(daysAgo(2) / 1_000_000n)).toISOString().slice(0, 10);
  const host = await Host.start({ stateFolder, configFile: stage.configFile, world, runsSchedule: false, lingerMs: undefined, log });
  stage.atEnd(() => host.end('asked'));
  const users: (string | undefined)[] = [];
  for (const proves of [true, false]) {
    const visit = await visitHost({ stateFolder, version: '1.2.10', random: systemRandom });
    assert.ok(visit);
    stage.atEnd(() => visit.close());
    const channel = new Channel(visit.connection);
    channel.answer(protocol.password, async () => password);
    channel.answer(protocol.proveUser, async (params) => {
      const isMade = proves && (await proveUser(stateFolder, params));
      if (isRoot && isMade) chownSync(join(stateFolder, 'proofs', params.name), other.uid, other.uid);
      return isMade;
    });
    visit.connection.listen();
    await channel.request(protocol.initialize, { language: 'en', via: 'command-line' });
    await channel.request(protocol.startBackup, { set: 'data', run: String(proves) });
    await channel.request(protocol.approveRecords, { act: 'checked', from: '2026-01-01', to, name: 'Sari', position: 'IT' });
    for await (const { kind, operator } of host.service.keeper.history.records())
      if (kind === 'internal-backup' || kind === 'approval') users.push(`${kind} ${operator.user} ${operator.via}`);
  }
  const own = userInfo().username;
  const asker = isRoot ? other.name : own;
  const first = [`internal-backup ${asker} command-line`, `approval ${asker} command-line`];
  assert.deepEqual(users, [...first, ...first, `internal-backup ${own} command-line`, `approval ${own} command-line`]);
});

test('what a host that was killed left of proofs goes with the next', async (t) => {
  const stateFolder = await proofsOf(t);
  writeFileSync(join(stateFolder, 'proofs', 'left'), '');
  await openProofs(stateFolder);
  assert.equal(existsSync(join(stateFolder, 'proofs', 'left')), false);
});
