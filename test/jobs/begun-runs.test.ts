import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { recordOfBareRun, recordOfBegunRestore, RecordKeeper } from '../../src/jobs/index.ts';
import { passwordFromText, system, systemClock, systemRandom } from '../../src/platform/index.ts';
import { resultText, type HistoryRecord } from '../../src/records/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

const asked = { location: resolve('/r'), snapshot: 'latest', folder: '/srv', chosen: ['*.txt'], targets: ['/out'], request: 'Budi' };

function keeperIn(t: TestContext): { readonly keeper: RecordKeeper; readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-begun-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, keeper: keeperOf(folder) };
}

function keeperOf(stateFolder: string): RecordKeeper {
  const fail = (error: unknown): never => {
    throw error;
  };
  return new RecordKeeper({
    stateFolder,
    clock: systemClock,
    random: systemRandom,
    software: 'cadangan',
    via: 'command-line',
    onError: fail,
  });
}

async function runsOf(keeper: RecordKeeper): Promise<HistoryRecord[]> {
  const records: HistoryRecord[] = [];
  for await (const record of keeper.history.records()) if (record.kind !== 'history-start') records.push(record);
  return records;
}

/** What a process that was killed left behind: of one that has ended for certain. */
async function killed(folder: string): Promise<void> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  const begun = join(folder, 'begun');
  for (const name of readdirSync(begun)) {
    const path = join(begun, name);
    const note = JSON.parse(readFileSync(path, 'utf8')) as { process: object };
    writeFileSync(path, JSON.stringify({ ...note, process: { ...note.process, pid: child.pid, start: '' } }));
  }
}

test('a run whose process died leaves a record at the next start, once: interrupted, with what it was', async (t) => {
  const { keeper, folder } = keeperIn(t);
  const never = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const running = keeper.during(
    (about) => recordOfBegunRestore('restore', { ...about, ...asked }),
    () => {
      begun.resolve();
      return never.promise;
    },
  );
  await begun.promise;
  await keeper.recordLost();
  assert.deepEqual(await runsOf(keeper), [], 'its process lives');
  await killed(folder);
  await Promise.all([keeperOf(folder).recordLost(), keeperOf(folder).recordLost()]);
  const [record, ...others] = await runsOf(keeper);
  assert.ok(record);
  assert.deepEqual(others, []);
  const { kind, job, reason, source, destination, evidence, request, ended } = record;
  assert.deepEqual(
    [kind, job, resultText(record), reason?.code, source?.location, destination?.paths, request, ended],
    ['internal-restore', 'restore', 'Interrupted', 'host.lost', resolve('/r'), ['/out'], 'Budi', undefined],
  );
  assert.deepEqual([evidence, readdirSync(join(folder, 'begun'))], [{ snapshot: 'latest', folder: '/srv', chosen: ['*.txt'] }, []]);
  never.resolve();
  await running;
});

test('a run that left its record is not told a second time, even if it was killed right after; a good end leaves nothing behind', async (t) => {
  const { keeper, folder } = keeperIn(t);
  const run = { result: 'success', started: '2026-11-23T21:00:00+07:00', ended: '2026-11-23T21:10:00+07:00' } as const;
  await keeper.during(
    (about) => recordOfBegunRestore('restore', { ...about, ...asked }),
    async (id) => {
      await keeper.write((about) => recordOfBareRun('internal-restore', run, { ...about, run: id }));
      await killed(folder);
      await keeperOf(folder).recordLost();
    },
  );
  assert.deepEqual(
    (await runsOf(keeper)).map(({ result }) => result),
    ['success'],
  );
  assert.deepEqual(readdirSync(join(folder, 'begun')), []);
});

test('what is no note of ours, and one of another machine, stays as it is', async (t) => {
  const { keeper, folder } = keeperIn(t);
  await keeper.during(
    (about) => recordOfBegunRestore('restore', { ...about, ...asked }),
    async () => {
      const [name = ''] = readdirSync(join(folder, 'begun'));
      const note = JSON.parse(readFileSync(join(folder, 'begun', name), 'utf8')) as { process: object };
      const elsewhere = { ...note, process: { ...note.process, host: 'another', start: '', space: '' } };
      writeFileSync(join(folder, 'begun', 'other.json'), JSON.stringify(elsewhere));
      writeFileSync(join(folder, 'begun', 'torn.json'), '{"process":');
    },
  );
  await keeper.recordLost();
  assert.deepEqual([await runsOf(keeper), readdirSync(join(folder, 'begun')).sort()], [[], ['other.json', 'torn.json']]);
});

const main = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

test('a command that was killed in the middle of its work is recorded by the next one', async (t) => {
  const { keeper, folder } = keeperIn(t);
  const environment = { PATH: process.env['PATH'], CADANGAN_STATE: folder, CADANGAN_CONFIG: join(folder, 'none.jsonc') };
  const repository = join(folder, 'repository');
  await Repository.init({ storage: openStorage(repository) }, passwordFromText('right'), {
    signal: neverAborted,
    kdfCost: { N: 1024, r: 8, p: 1 },
  });
  // The password never comes: the command waits in the middle of its run.
  const args = [
    '--disable-warning=ExperimentalWarning',
    main,
    '-r',
    repository,
    '--password-command',
    `"${process.execPath}" -e "setTimeout(() => {}, 60_000)"`,
  ];
  const child = spawn(process.execPath, [...args, 'restore', 'latest', '-t', '/out'], {
    env: environment,
    stdio: 'ignore',
    detached: system.hasProcessGroups,
  });
  t.after(() => {
    if (child.exitCode === null && child.signalCode === null) killWithItsOwn(child);
  });
  while (!isBegun(folder)) await systemClock.sleep(50, t.signal);
  killWithItsOwn(child);
  await once(child, 'exit');
  await keeper.recordLost();
  const [record] = await runsOf(keeper);
  assert.deepEqual([record?.kind, record?.result, record?.reason?.code], ['internal-restore', 'stopped', 'host.lost']);
});

/** With the program that it waits for: the group that it leads; on Windows its children end with it, by the job object of libuv. */
function killWithItsOwn(child: ChildProcess): void {
  if (system.hasProcessGroups) process.kill(-(child.pid ?? 0), 'SIGKILL');
  else child.kill('SIGKILL');
}

function isBegun(folder: string): boolean {
  try {
    return readdirSync(join(folder, 'begun')).some((name) => name.endsWith('.json'));
  } catch {
    return false;
  }
}
