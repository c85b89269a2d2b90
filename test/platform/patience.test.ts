import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  fileError,
  isCode,
  patientFiles,
  Patience,
  sourceFiles,
  systemCode,
  systemOf,
  type Clock,
  type FileCalls,
} from '../../src/platform/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { freshSeed } from '../seeds.ts';

/** Time goes on only while somebody waits, and then at once. */
class WaitingClock implements Clock {
  readonly waitsMs: number[] = [];
  onWait: (waits: number) => void = () => undefined;
  #nowMs = 0;

  nowNs(): bigint {
    return BigInt(Math.round(this.#nowMs * 1e6));
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  offsetMinutes(): number {
    return 0;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.wait(ms);
  }

  wait(ms: number): void {
    this.pass(ms);
    this.waitsMs.push(ms);
    this.onWait(this.waitsMs.length);
  }

  pass(ms: number): void {
    this.#nowMs += ms;
  }
}

function makePatience(t: TestContext, holdsOpenFiles = true): { readonly patience: Patience; readonly clock: WaitingClock } {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const clock = new WaitingClock();
  const pause = (ms: number): void => clock.wait(ms);
  return { clock, patience: new Patience({ clock, random: new SeededRandom(seed), pause, holdsOpenFiles }) };
}

function refusal(code: string, path?: string): Error {
  return Object.assign(new Error(code), { code, ...(path === undefined ? {} : { path }) });
}

/** Refuses until somebody has waited so long. */
function heldFor(clock: WaitingClock, ms: number, code = 'EBUSY'): () => string {
  const endMs = clock.monotonicMs() + ms;
  return () => {
    if (clock.monotonicMs() < endMs) throw refusal(code);
    return 'done';
  };
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);

test('what is refused while a file is held is tried again, after waits that grow', async (t) => {
  for (const code of ['EPERM', 'EBUSY', 'EACCES']) {
    const { patience, clock } = makePatience(t);
    const attempt = heldFor(clock, 150, code);
    assert.equal(await patience.until(async () => attempt()), 'done');
    assert(clock.monotonicMs() < 450, `${clock.monotonicMs()} ms for what was held for 150`);
    assert(
      clock.waitsMs.every((ms, at) => at === 0 || ms > (clock.waitsMs[at - 1] ?? 0)),
      clock.waitsMs.join(' '),
    );
  }
});

test('it waits for ten seconds, and two where nothing could stop it; then the refusal is thrown', async (t) => {
  const later = makePatience(t);
  const refused = refusal('EPERM');
  await assert.rejects(
    later.patience.until(async () => Promise.reject(refused)),
    (error) => error === refused,
  );
  assert.equal(Math.round(sumOf(later.clock.waitsMs)), 10_000);
  assert(later.clock.waitsMs.length < 40, `${later.clock.waitsMs.length} attempts`);
  const fail = (): never => {
    throw refused;
  };
  const deaf = makePatience(t);
  assert.throws(
    () => deaf.patience.untilNow(fail),
    (error) => error === refused,
  );
  assert.equal(Math.round(sumOf(deaf.clock.waitsMs)), 2_000);
  const asked = makePatience(t);
  assert.throws(() => asked.patience.untilNow(fail, () => asked.clock.waitsMs.length === 5), refused);
  assert.equal(asked.clock.waitsMs.length, 5);
});

test('every other refusal is final, and every one of a system that holds no files', async (t) => {
  const windows = makePatience(t);
  const posix = makePatience(t, false);
  for (const [{ patience, clock }, codes] of [
    [windows, ['ENOENT', 'EEXIST', 'ENOSPC', 'EIO', 'ENOTEMPTY']],
    [posix, ['EPERM', 'EBUSY', 'EACCES']],
  ] as const)
    for (const code of codes) {
      await assert.rejects(
        patience.until(async () => Promise.reject(refusal(code))),
        { code },
      );
      assert.throws(
        () =>
          patience.untilNow(() => {
            throw refusal(code);
          }),
        { code },
      );
      assert.deepEqual(clock.waitsMs, []);
    }
});

test('an abort ends the waiting', async (t) => {
  const { patience, clock } = makePatience(t);
  const stop = new AbortController();
  let attempts = 0;
  const attempt = async (): Promise<never> => {
    attempts += 1;
    if (attempts === 4) stop.abort();
    throw refusal('EBUSY');
  };
  await assert.rejects(patience.until(attempt, stop.signal), (error) => isCode(error, 'aborted'));
  assert.deepEqual([attempts, clock.waitsMs.length], [4, 3]);
});

test('who waits in vain again and again waits less each time, until something comes of it or a minute has passed', async (t) => {
  const { patience, clock } = makePatience(t);
  const waitedMs = async (): Promise<number> => {
    const before = clock.monotonicMs();
    await patience.until(async () => Promise.reject(refusal('EPERM'))).catch(() => undefined);
    return Math.round(clock.monotonicMs() - before);
  };
  assert.deepEqual([await waitedMs(), await waitedMs(), await waitedMs()], [10_000, 5_000, 2_500]);
  const attempt = heldFor(clock, 100);
  await patience.until(async () => attempt());
  assert.equal(await waitedMs(), 10_000);
  // A folder of a hundred thousand files into which we may not write must not take days.
  for (let file = 0; file < 20; file++) await waitedMs();
  assert.equal(await waitedMs(), 20);
  clock.pass(60_001);
  assert.equal(await waitedMs(), 10_000);
});

/** Real files, of which some are held as Windows has it: seen with its Node. */
class HeldFiles implements FileCalls {
  readonly folder: string;
  /** Opened by another program that shares reading and writing, but not deletion. */
  readonly held = new Set<string>();
  /** Nobody holds them; we have no right. */
  readonly forbidden = new Set<string>();
  readonly readOnly = new Set<string>();
  /** We may write to them, and not remove them. */
  readonly lasting = new Set<string>();
  /** Opened by another program that shares nothing. */
  readonly locked = new Set<string>();

  constructor(t: TestContext) {
    this.folder = mkdtempSync(join(tmpdir(), 'cadangan-held-'));
    t.after(() => rmSync(this.folder, { recursive: true }));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(...names: readonly string[]): void {
    for (const name of names) writeFileSync(this.path(name), name);
  }

  hold(name: string): void {
    this.held.add(this.path(name));
  }

  readonly rename = async (from: string | Buffer, to: string | Buffer): Promise<void> => this.renameNow(from, to);
  readonly unlink = async (path: string | Buffer): Promise<void> => this.unlinkNow(path);
  readonly rm = async (path: string | Buffer, options?: fs.RmOptions): Promise<void> => this.rmNow(path, options);
  readonly rmdir = fsPromises.rmdir;
  readonly rmdirNow = fs.rmdirSync;
  readonly isFolder = async (path: string | Buffer): Promise<boolean> => this.isFolderNow(path);

  open(path: string | Buffer, flags?: string | number, mode?: number): Promise<fsPromises.FileHandle> {
    this.#refuseOpening(path);
    return fsPromises.open(path, flags, mode);
  }

  openNow(path: string | Buffer, flags: string | number, mode?: number): number {
    this.#refuseOpening(path);
    return fs.openSync(path, flags, mode);
  }

  #refuseOpening(path: string | Buffer): void {
    if (this.forbidden.has(String(path))) throw refusal('EPERM', String(path));
    if (this.locked.has(String(path))) throw refusal('EBUSY', String(path));
  }

  renameNow(from: string | Buffer, to: string | Buffer): void {
    if (this.held.has(String(from))) throw refusal('EBUSY', String(from));
    if (this.lasting.has(String(from))) throw refusal('EPERM', String(from));
    if ([this.held, this.forbidden, this.lasting].some((paths) => paths.has(String(to))) || this.isFirmNow(to))
      throw refusal('EPERM', String(from));
    fs.renameSync(from, to);
  }

  unlinkNow(path: string | Buffer): void {
    if (this.forbidden.has(String(path)) || this.lasting.has(String(path))) throw refusal('EPERM', String(path));
    if (this.held.has(String(path))) throw refusal('EBUSY', String(path));
    fs.unlinkSync(path);
  }

  rmNow(path: string | Buffer, options?: fs.RmOptions): void {
    const held = [...this.held].find((file) => file.startsWith(String(path)));
    if (held !== undefined) throw refusal('EPERM', `\\\\?\\${held}`);
    fs.rmSync(path, options);
  }

  readonly isFirm = async (path: string | Buffer): Promise<boolean> => this.isFirmNow(path);

  isFirmNow(path: string | Buffer): boolean {
    return this.isFolderNow(path) || this.readOnly.has(String(path));
  }

  isFolderNow(path: string | Buffer): boolean {
    return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  }

  canWriteNow(path: string | Buffer): boolean {
    return !this.forbidden.has(String(path)) && !this.readOnly.has(String(path)) && existsSync(path);
  }

  mayRemoveNow(path: string | Buffer): boolean {
    return !this.forbidden.has(String(path)) && !this.lasting.has(String(path)) && existsSync(path);
  }
}

test('a file is renamed, replaced and removed as soon as whoever holds it lets go', async (t) => {
  const files = new HeldFiles(t);
  const { patience, clock } = makePatience(t);
  const { rename, renameNow, unlink, unlinkNow, rm } = patientFiles(patience, files);
  clock.onWait = (waits) => {
    if (waits === 4) files.held.clear();
  };
  for (const held of ['a', 'b']) {
    for (const act of [() => rename(files.path('a'), files.path('b')), async () => renameNow(files.path('a'), files.path('b'))]) {
      clock.waitsMs.length = 0;
      files.write('a', 'b');
      files.hold(held);
      await act();
      assert.deepEqual([readFileSync(files.path('b'), 'utf8'), existsSync(files.path('a')), clock.waitsMs.length], ['a', false, 4]);
    }
  }
  for (const act of [() => unlink(files.path('b')), async () => unlinkNow(files.path('b')), () => rm(files.path('b'))]) {
    clock.waitsMs.length = 0;
    files.write('b');
    files.hold('b');
    await act();
    assert.deepEqual([existsSync(files.path('b')), clock.waitsMs.length], [false, 4]);
  }
});

test('what is held to the end is EBUSY with the file that is held, and "file.in-use" to people', async (t) => {
  const files = new HeldFiles(t);
  files.write('a', 'b');
  const { rename, unlinkNow, rm } = patientFiles(makePatience(t).patience, files);
  const heldPath = async (work: Promise<void>): Promise<unknown> => {
    const error: unknown = await work.catch((cause: unknown) => cause);
    assert.equal(systemCode(error), 'EBUSY');
    const told = fileError(error, 'elsewhere', systemOf('win32'));
    assert(isCode(told, 'file.in-use'), String(told));
    return told.facts['path'];
  };
  files.hold('a');
  assert.equal(await heldPath(rename(files.path('a'), files.path('b'))), files.path('a'));
  assert.equal(await heldPath((async () => unlinkNow(files.path('a')))()), files.path('a'));
  assert.equal(await heldPath(rm(files.folder, { recursive: true })), files.path('a'));
  files.held.clear();
  files.hold('b');
  assert.equal(await heldPath(rename(files.path('a'), files.path('b'))), files.path('b'));
});

test('where there is no right the system says so, and where waiting could mend nothing it is not waited', async (t) => {
  const files = new HeldFiles(t);
  files.write('a', 'b');
  mkdirSync(files.path('folder'));
  const { patience, clock } = makePatience(t);
  const { open, openNow, rename, unlink } = patientFiles(patience, files);
  await assert.rejects(rename(files.path('a'), files.path('folder')), { code: 'EPERM' });
  files.readOnly.add(files.path('b'));
  await assert.rejects(rename(files.path('a'), files.path('b')), { code: 'EPERM' });
  files.readOnly.clear();
  files.forbidden.add(files.path('b'));
  files.forbidden.add(files.path('new'));
  await assert.rejects(open(files.path('new'), 'wx'), { code: 'EPERM' });
  assert.throws(() => openNow(files.path('new'), fs.constants.O_CREAT | fs.constants.O_EXCL), { code: 'EPERM' });
  assert.deepEqual(clock.waitsMs, []);
  await assert.rejects(unlink(files.path('b')), { code: 'EPERM', path: files.path('b') });
  await assert.rejects(rename(files.path('a'), files.path('b')), { code: 'EPERM' });
});

test('of a share that lets files be written and none be removed the right is missing, and no program', async (t) => {
  const files = new HeldFiles(t);
  files.write('a', 'b');
  mkdirSync(files.path('folder'));
  const { rename, unlink } = patientFiles(makePatience(t).patience, files);
  for (const name of ['b', 'folder']) files.lasting.add(files.path(name));
  await assert.rejects(unlink(files.path('b')), { code: 'EPERM', path: files.path('b') });
  await assert.rejects(rename(files.path('a'), files.path('b')), { code: 'EPERM' });
  await assert.rejects(rename(files.path('folder'), files.path('other')), { code: 'EPERM' });
});

test('a file to back up is waited for while somebody holds it, and hardly at all where nobody lets us read it', async (t) => {
  const files = new HeldFiles(t);
  files.write('a');
  const { patience, clock } = makePatience(t);
  const { openSource, openSourceNow } = sourceFiles(patience, files);
  const openers = [() => openSource(files.path('a'), 0), async () => openSourceNow(files.path('a'), 0)];
  files.forbidden.add(files.path('a'));
  for (let round = 0; round < 20; round++) {
    for (const open of openers) await assert.rejects(open(), { code: 'EPERM' });
  }
  const unrightMs = clock.monotonicMs();
  assert.ok(unrightMs <= 40 * 20, `${unrightMs} ms for 40 files`);
  files.forbidden.clear();
  files.locked.add(files.path('a'));
  for (const open of openers) await assert.rejects(open(), { code: 'EBUSY' });
  assert.ok(clock.monotonicMs() - unrightMs >= 2_000, 'what nobody may read has used up no patience');
  files.locked.clear();
  fs.closeSync(openSourceNow(files.path('a'), 0));
});

test('a file that another one takes the place of is read when it is there, and a right that is missing says so soon', async (t) => {
  const files = new HeldFiles(t);
  files.write('a');
  const { patience, clock } = makePatience(t);
  const { readFile, writeFile, appendFile } = patientFiles(patience, files);
  files.forbidden.add(files.path('a'));
  await assert.rejects(readFile(files.path('a')), { code: 'EPERM' });
  assert.ok(clock.monotonicMs() < 500, `${clock.monotonicMs()} ms`);
  clock.waitsMs.length = 0;
  clock.onWait = (waits) => {
    if (waits === 3) files.forbidden.clear();
    if (waits === 9) files.locked.clear();
  };
  assert.equal(await readFile(files.path('a'), 'utf8'), 'a');
  files.locked.add(files.path('a'));
  await appendFile(files.path('a'), 'b');
  assert.equal(clock.waitsMs.length, 9);
  assert.deepEqual(await readFile(files.path('a')), Buffer.from('ab'));
  await writeFile(files.path('a'), 'c', { flag: 'r+' });
  assert.equal(readFileSync(files.path('a'), 'utf8'), 'cb');
  await assert.rejects(writeFile(files.path('a'), 'd', { flag: 'wx' }), { code: 'EEXIST' });
});

test('waits in vain that ran beside one another count as one, and one that is tried once as none', async (t) => {
  const files = new HeldFiles(t);
  files.write('a');
  files.hold('a');
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const clock = new WaitingClock();
  const sleepers: (() => void)[] = [];
  clock.sleep = (ms) => new Promise((resolve) => sleepers.push(() => resolve(clock.pass(ms))));
  const patience = new Patience({ clock, random: new SeededRandom(seed), pause: (ms) => clock.wait(ms), holdsOpenFiles: true });
  const { unlink, tryUnlink } = patientFiles(patience, files);
  let isDone = false;
  const all = Promise.allSettled(Array.from({ length: 9 }, () => unlink(files.path('a')))).finally(() => (isDone = true));
  while (!isDone) {
    for (const wake of sleepers.splice(0)) wake();
    await new Promise(setImmediate);
  }
  await all;
  for (let round = 0; round < 9; round++) await assert.rejects(tryUnlink(files.path('a')), { code: 'EBUSY' });
  assert.throws(
    () =>
      patience.untilNow(
        () => files.unlinkNow(files.path('a')),
        () => false,
      ),
    { code: 'EBUSY' },
  );
  const waitedMs = clock.waitsMs.reduce((sum, ms) => sum + ms, 0);
  assert.ok(waitedMs >= 4_900, `the next one waits ${waitedMs} ms`);
});
