import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { compileExcludeRules } from '../../src/backup/index.ts';
import { addPassword, backupJob, withRepository } from '../../src/jobs/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { OpenRepositories } from '../../src/service/open-repositories.ts';
import type { OpenedRepository } from '../../src/service/opened-repository.ts';
import { Passwords } from '../../src/service/passwords.ts';
import { CadanganError, isCode, passwordFromText, snapshotPathOf, systemRandom } from '../../src/platform/index.ts';
import { openStorage, type Storage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { EngineStage, password } from '../host/engine-stage.ts';

const minuteMs = 60_000;
const wish = { mayAsk: true, signal: new AbortController().signal };

interface Beginning {
  readonly clock: VirtualClock;
  readonly repositories: OpenRepositories;
  readonly passwords: Passwords;
  readonly location: string;
  readonly asked: string[];
}

async function begin(
  t: TestContext,
  {
    answer = async () => password,
    storageOf = openStorage,
  }: {
    readonly answer?: (signal: AbortSignal) => Promise<string>;
    readonly storageOf?: (location: string) => Storage | Promise<Storage>;
  } = {},
): Promise<Beginning> {
  const stage = new EngineStage(t);
  await stage.initRepository();
  const clock = new VirtualClock();
  const asked: string[] = [];
  const passwords = new Passwords({
    ask: async ({ location }, _, signal) => {
      asked.push(location);
      return answer(signal);
    },
    sets: () => [],
    environment: {},
    random: systemRandom,
  });
  const repositories = new OpenRepositories({ clock, random: systemRandom, openStorage: async (path) => storageOf(path) }, passwords);
  t.after(() => repositories.close());
  return { clock, repositories, passwords, location: stage.repository, asked };
}

test('a repository stays open for ten minutes after its last use; then its password has to be found again', async (t) => {
  const { clock, repositories, location, asked } = await begin(t);
  const use = (): Promise<OpenedRepository> => repositories.use(location, wish, async (opened) => opened);
  const first = await use();
  await clock.advance(9 * minuteMs);
  assert.equal(await use(), first);
  await clock.advance(9 * minuteMs);
  assert.equal(await use(), first, 'each use counts from the beginning');
  await clock.advance(12 * minuteMs);
  const second = await use();
  assert.notEqual(second, first);
  assert.deepEqual(asked, [location, location]);
  await repositories.forget(location);
  assert.notEqual(await use(), second);
});

test('a repository is not closed while somebody works with it, however long', async (t) => {
  const { clock, repositories, location } = await begin(t);
  const { promise, resolve } = Promise.withResolvers<void>();
  let begun: OpenedRepository | undefined;
  const long = repositories.use(location, wish, async (opened) => {
    begun = opened;
    await promise;
    return opened.storage.list('snapshots', neverAborted);
  });
  while (!begun) await nextTurn();
  await clock.advance(60 * minuteMs);
  assert.equal(await repositories.use(location, wish, async (opened) => opened), begun);
  resolve();
  assert.deepEqual(await long, []);
});

test('a server that nobody could be asked about is opened anew by whoever can be, and waited for the other', async (t) => {
  const nobody = Promise.withResolvers<void>();
  let opened = 0;
  const begun = await begin(t, {
    storageOf: async (location) => {
      if (opened++ > 0) return openStorage(location);
      await nobody.promise;
      throw new CadanganError('storage.unknown-host', { location });
    },
  });
  const { repositories, location } = begun;
  const idOf = (mayAsk: boolean) => repositories.use(location, { ...wish, mayAsk }, async ({ repository }) => repository.config.id);
  const byItself = idOf(false);
  const byPerson = idOf(true);
  nobody.resolve();
  await assert.rejects(byItself, (error) => isCode(error, 'storage.unknown-host'));
  assert.match(await byPerson, /^[0-9a-f]{64}$/);
  assert.equal(opened, 2);
});

test('what is closed for good opens nothing any more', async (t) => {
  const { repositories, location } = await begin(t);
  await repositories.close();
  await assert.rejects(
    repositories.use(location, wish, async (opened) => opened),
    (error) => isCode(error, 'aborted'),
  );
});

/** A run of a job, as the service makes it. */
function run({ repositories, location }: Beginning, mayAsk = false): Promise<string> {
  const { signal } = wish;
  const access = { location, signal, password: () => repositories.keyOf(location, { mayAsk, signal }) };
  return withRepository(access, 'shared', async ({ repository }) => repository.keyId);
}

test('within ten minutes a run opens the repository with its key, and needs no password', async (t) => {
  const begun = await begin(t);
  const { clock, repositories, passwords, location, asked } = begun;
  const keyId = await repositories.use(location, wish, async ({ repository }) => repository.keyId);
  await clock.advance(9 * minuteMs);
  assert.equal(await run(begun), keyId);
  await clock.advance(9 * minuteMs);
  assert.equal(await run(begun), keyId);
  assert.deepEqual(asked, [location]);
  assert.equal(passwords.scrub(`is ${password}`), 'is ***');
  await clock.advance(12 * minuteMs);
  assert.equal(passwords.scrub(`is ${password}`), `is ${password}`, 'not even a mark is left');
  await run(begun);
  assert.deepEqual(asked, [location, location]);
});

test('a repository that is held stays open, however long what is done before the run takes', async (t) => {
  const begun = await begin(t);
  const { clock, repositories, passwords, location, asked } = begun;
  {
    await using _held = await repositories.hold(location, wish);
    await clock.advance(60 * minuteMs);
    await run(begun);
    await repositories.forget(location); // as when the configuration changes
    assert.equal(passwords.scrub(password), '***');
  }
  assert.equal(passwords.scrub(password), password, 'whoever leaves it last closes it');
  assert.deepEqual(asked, [location]);
});

test('a key that was removed from the repository opens nothing any more, also where it is still known', async (t) => {
  const begun = await begin(t);
  const { location, asked } = begun;
  const keyId = await run(begun, true);
  const storage = openStorage(location);
  const repository = await Repository.open({ storage }, passwordFromText(password), neverAborted);
  await addPassword(repository, passwordFromText('another'), {}, wish.signal);
  await storage.remove({ kind: 'keys', name: keyId }, neverAborted);
  await assert.rejects(run(begun), (error) => isCode(error, 'repository.wrong-password'));
  assert.deepEqual(asked, [location, location]);
});

test('a repository whose disk is away is missing, and opens by its key when it is back', async (t) => {
  const begun = await begin(t);
  const { location, asked } = begun;
  const keyId = await run(begun, true);
  renameSync(location, `${location}-away`);
  await assert.rejects(run(begun), (error) => isCode(error, 'repository.missing'));
  renameSync(`${location}-away`, location);
  assert.equal(await run(begun), keyId);
  assert.deepEqual(asked, [location]);
});

/** An answer that never comes; only the signal ends the waiting. */
const never = (signal: AbortSignal): Promise<string> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

test('a question is taken back when the last who waits for its answer has gone, and not before', async (t) => {
  let isTakenBack = false;
  const answer = (signal: AbortSignal): Promise<string> => never(signal).finally(() => (isTakenBack = true));
  const { repositories, location, asked } = await begin(t, { answer });
  const [one, other] = [new AbortController(), new AbortController()];
  const waiting = [one, other].map(({ signal }) => repositories.keyOf(location, { mayAsk: true, signal }));
  while (asked.length === 0) await nextTurn();
  one.abort();
  await assert.rejects(waiting[0] ?? Promise.resolve(), (error) => isCode(error, 'aborted'));
  assert.equal(isTakenBack, false);
  other.abort();
  await assert.rejects(waiting[1] ?? Promise.resolve(), (error) => isCode(error, 'aborted'));
  assert.equal(isTakenBack, true);
});

test('whoever does not wait any more for snapshots and index is let go, and the reading ends with the last', async (t) => {
  let signalOfList: AbortSignal | undefined;
  let isHanging = true;
  const { repositories, location } = await begin(t, {
    storageOf: (path) => {
      const storage = openStorage(path);
      const list = storage.list.bind(storage);
      storage.list = (kind, signal) => {
        if (kind !== 'snapshots' || !isHanging) return list(kind, signal);
        signalOfList = signal;
        return new Promise(() => undefined); // a mount that does not answer, and takes no notice of the signal either
      };
      return storage;
    },
  });
  const [one, other] = [new AbortController(), new AbortController()];
  const looking = [one, other].map(({ signal }) => repositories.use(location, { mayAsk: true, signal }, async () => undefined));
  while (signalOfList === undefined) await nextTurn();
  one.abort();
  await assert.rejects(looking[0] ?? Promise.resolve(), (error) => isCode(error, 'aborted'));
  assert.equal(signalOfList.aborted, false);
  other.abort();
  await assert.rejects(looking[1] ?? Promise.resolve(), (error) => isCode(error, 'aborted'));
  assert.equal(signalOfList.aborted, true);
  isHanging = false;
  assert.deepEqual(await repositories.use(location, wish, async ({ snapshots }) => snapshots), [], 'the next reads for itself');
});

test('the records are held against what is open, without waiting for what a question keeps closed', async (t) => {
  const { repositories, location, asked } = await begin(t, { answer: never });
  const leaving = new AbortController();
  const waiting = repositories.keyOf(location, { mayAsk: true, signal: leaving.signal });
  while (asked.length === 0) await nextTurn();
  assert.equal(await repositories.withOpen(async (opened) => opened.length), 0);
  leaving.abort();
  await assert.rejects(waiting, (error) => isCode(error, 'aborted'));
});

test('what is looked into needs no sound index: packs are asked where one is damaged or gone, also after the next backup and a repair', async (t) => {
  const { repositories, location } = await begin(t);
  const signal = new AbortController().signal;
  const source = join(location, '..', 'to back up');
  mkdirSync(source);
  const files = (): string[] => readdirSync(join(location, 'index')).map((name) => join(location, 'index', name));
  const backup = async (name: string): Promise<string> => {
    const before = files();
    writeFileSync(join(source, name), name);
    const rules = await compileExcludeRules({}, { environment: {}, windows: false });
    const access = { location, password: async () => passwordFromText(password), signal };
    const { outcome, error } = await backupJob(access, { sources: [source], workingFolder: source, rules, programVersion: 'test' });
    assert.equal(outcome, 'success', String(error));
    return files().find((file) => !before.includes(file)) ?? '';
  };
  const look = (): Promise<{ readonly names: number[]; readonly damaged: number }> =>
    repositories.use(location, wish, async (opened) => {
      await opened.refresh(signal);
      const path = snapshotPathOf(source);
      const folders = await Promise.all(opened.snapshots.map((snapshot) => opened.folderAt(snapshot, path, signal)));
      const trees = await Promise.all(folders.map((tree) => opened.repository.loadTree(tree, neverAborted)));
      return { names: trees.map(({ nodes }) => nodes.length), damaged: opened.damagedIndex.length };
    });

  const first = await backup('a');
  const second = await backup('b');
  const sound = readFileSync(second);
  chmodSync(second, 0o600);
  writeFileSync(second, sound.subarray(0, 20));
  assert.deepEqual(await look(), { names: [1, 2], damaged: 1 });
  await rm(second);
  assert.deepEqual(await look(), { names: [1, 2], damaged: 0 }, 'gone');
  writeFileSync(second, sound);
  assert.deepEqual(await look(), { names: [1, 2], damaged: 0 }, 'mended');
  await backup('c');
  assert.deepEqual(await look(), { names: [1, 2, 3], damaged: 0 });
  await rm(first);
  assert.deepEqual(await look(), { names: [1, 2, 3], damaged: 0 });
});
