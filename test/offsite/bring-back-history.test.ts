import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { DriveFolder } from '../../src/google/index.ts';
import {
  bringBackHistory,
  CopyJobs,
  keepHistoryOffsite,
  RecordKeeper,
  type BringBackOptions,
  type StoragePlace,
} from '../../src/jobs/index.ts';
import { DriveHistory, historyFolderOf } from '../../src/offsite/index.ts';
import {
  exposureOf,
  isCode,
  passwordFromText,
  systemClock,
  systemRandom,
  type CadanganError,
  type Random,
} from '../../src/platform/index.ts';
import { historyFiles, verifyHistory, type HistoryRecord } from '../../src/records/index.ts';
import { Repository, type OpenedKey } from '../../src/repository/index.ts';
import type { OffsiteCopy } from '../../src/settings/index.ts';
import { sampleClient } from '../drive-emulator/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { makeHistory, someBackup } from '../records/some-records.ts';
import { placeAt } from './copying-server.ts';
import { copyPath, OffsiteStage } from './offsite-stage.ts';

const { signal } = new AbortController();
const location = `gdrive:${copyPath}`;

/** Every file that is put in the place of another has a random name at first: so it can be cut short before each. */
class FailingRandom implements Random {
  left = Infinity;
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  fill<Bytes extends Uint8Array>(bytes: Bytes): Bytes {
    if (this.left-- <= 0) throw new Error('the power went');
    return this.#random.fill(bytes);
  }
}

/** A machine of the company: a state folder, and the account. */
class Machine {
  readonly place: StoragePlace;
  readonly records: RecordKeeper;
  readonly notRecorded: unknown[] = [];

  readonly random: FailingRandom;

  private constructor(place: StoragePlace, owner: string, random: FailingRandom) {
    this.place = { ...place, random };
    this.random = random;
    this.records = new RecordKeeper({
      stateFolder: place.stateFolder,
      clock: systemClock,
      random,
      software: 'cadangan test',
      via: 'command-line',
      owner,
      onError: (error) => this.notRecorded.push(error),
    });
  }

  static of(stage: OffsiteStage, name: string, seed = 1): Machine {
    return new Machine(placeAt(stage, name), `root@${name}`, new FailingRandom(seed));
  }

  async record(count: number, seed = 3): Promise<void> {
    const random = new SeededRandom(seed);
    for (let at = 0; at < count; at++) await this.records.history.append(someBackup(random));
  }

  keep(copy: OffsiteCopy, keyOf?: () => Promise<OpenedKey>) {
    return keepHistoryOffsite(copy, this.place, { records: this.records, keyOf }, signal);
  }

  bringBack(more: Partial<BringBackOptions> = {}) {
    const keyOf = async (): Promise<OpenedKey> => assert.fail('nobody needs a key');
    return bringBackHistory({ location, place: this.place, records: this.records, keyOf, signal, ...more });
  }

  async lines(): Promise<string[]> {
    const files = (await historyFiles(this.records.history.folder)).filter(({ change }) => change === 'grows');
    return files.flatMap(({ bytes }) => bytes.toString().split('\n').slice(0, -1));
  }
}

interface Scene {
  readonly stage: OffsiteStage;
  readonly copy: OffsiteCopy;
  readonly old: Machine;
  readonly next: Machine;
}

/** A server that copied off-site and recorded, and a new one beside it. */
async function scene(stage: OffsiteStage, form?: OffsiteCopy['records'], months: 'one' | 'several' = 'one'): Promise<Scene> {
  await stage.backup();
  const [old, next] = [Machine.of(stage, 'srv-01'), Machine.of(stage, 'srv-02')];
  const copy: OffsiteCopy = {
    name: 'office',
    repository: stage.repository,
    to: location,
    settleSeconds: 1,
    paused: false,
    scrubEveryDays: 7,
    sampleReadPercent: 1,
    ...(form && { records: form }),
  };
  if (months === 'one') await old.record(5);
  else await makeHistory(old.place.stateFolder, 40, 5);
  await mkdir(join(old.records.history.folder, 'evidence'), { recursive: true });
  await writeFile(join(old.records.history.folder, 'evidence', 'drill-7.json'), '{}\n');
  await using jobs = new CopyJobs({ copy, place: old.place, records: old.records, againMs: 20 });
  const { outcome, error } = await jobs.sync({ signal }, { trigger: 'manual' });
  assert.equal(outcome, 'success', String(error));
  return { stage, copy, old, next };
}

test('a new machine brings back what a copy took along, verified, and goes on with a record that says so', async () => {
  await using stage = await OffsiteStage.open();
  const { old, next, copy } = await scene(stage);
  await old.record(2, 9);
  assert.equal(await old.keep(copy), 'kept');
  assert.equal(await old.keep(copy), 'unchanged');
  const before = await old.lines();
  await rm(next.place.stateFolder, { recursive: true });
  const { head, verification, record, isHere, setAside } = await next.bringBack({ reason: 'the server burned' });
  for (const folder of [next.place.stateFolder, next.records.history.folder]) assert.equal(await exposureOf(folder), undefined, folder);
  assert.deepEqual([isHere, setAside, verification.isIntact, head.number], [false, undefined, true, before.length]);
  assert.ok(verification.anchorsCompared >= 2, 'its own head, and the one beside the copy');
  const after = await next.lines();
  assert.deepEqual(after.slice(0, before.length), before);
  assert.equal(record?.kind, 'brought-back');
  assert.equal(record.remarks, 'the server burned');
  assert.deepEqual(
    [record.evidence?.['location'], record.evidence?.['throughNumber'], record.evidence?.['throughHash']],
    [location, head.number, head.hash],
  );
  assert.equal(record.number, after.length);
  const whole = await verifyHistory(next.records.history.folder, { publicKey: await next.records.history.publicKey(), signal });
  assert.deepEqual([whole.isIntact, whole.faults], [true, []], 'another key signs from here on, and the chain says why');
  assert.ok(whole.notes.some(({ kind }) => kind === 'key-lost'));
  assert.ok(await readFile(join(next.records.history.folder, 'evidence', 'drill-7.json')));
  assert.deepEqual(
    (await readdir(next.place.stateFolder)).filter((name) => name.startsWith('records-')),
    [],
    'nothing is left of the fetching',
  );
  const again = await next.bringBack();
  assert.deepEqual([again.isHere, again.record], [true, undefined]);
  assert.deepEqual(await next.lines(), after);
});

test('what was recorded on the new machine before is set aside as a whole, and named; tried out, nothing is written', async () => {
  await using stage = await OffsiteStage.open();
  const { old, next } = await scene(stage);
  await next.record(3, 5);
  const own = await next.records.history.head();
  const ownLines = await next.lines();
  const trial = await next.bringBack({ dryRun: true });
  assert.deepEqual([trial.setAside, trial.record, await next.lines()], [own, undefined, ownLines]);
  const { setAside, record } = await next.bringBack();
  assert.deepEqual(setAside, own);
  assert.deepEqual(
    [record?.evidence?.['setAsideChain'], record?.evidence?.['setAsideNumber'], record?.evidence?.['setAsideHash']],
    [own?.chain, own?.number, own?.hash],
  );
  const folder = join(next.records.history.folder, 'set-aside');
  const names = (await readdir(folder)).sort();
  assert.ok(
    names.every((name) => name.startsWith(`${own?.chain}-`)),
    String(names),
  );
  const kept = await Promise.all(names.filter((name) => name.endsWith('.jsonl')).map((name) => readFile(join(folder, name), 'utf8')));
  assert.equal(kept.join(''), `${ownLines.join('\n')}\n`);
  assert.deepEqual((await next.lines()).slice(0, 7), (await old.lines()).slice(0, 7));
});

test('cut short after anything that it writes, the same call again ends as one that was not: with its record, and what was set aside', async () => {
  await using stage = await OffsiteStage.open();
  const { old } = await scene(stage, undefined, 'several');
  const lines = await old.lines();
  for (let cut = 0; cut < 40; cut++) {
    const machine = Machine.of(stage, `srv-1${cut}`, cut);
    machine.random.left = Infinity;
    await machine.record(2, 5);
    const own = (await machine.records.history.head())!;
    machine.random.left = cut;
    const wasCut = await machine.bringBack().then(
      () => false,
      () => true,
    );
    machine.random.left = Infinity;
    const between = await machine.records.history.head();
    if (between !== undefined && between.chain !== own.chain)
      assert.ok(between.number >= lines.length, 'no append in between could use the number of a record that is still to come');
    const { record } = wasCut ? await machine.bringBack() : {};
    const after = await machine.lines();
    assert.deepEqual(after.slice(0, lines.length), lines, `cut ${cut}`);
    const told = after.map((line) => JSON.parse(line) as HistoryRecord).filter(({ kind }) => kind === 'brought-back');
    assert.deepEqual(
      told.map(({ evidence }) => evidence?.['setAsideHash']),
      [own.hash],
      `cut ${cut}`,
    );
    if (!wasCut) return;
    assert.ok(record, `cut ${cut}`);
  }
  assert.fail('it was cut each time');
});

test('an older state of the same history is completed; one that contradicts is refused, and nothing changes', async () => {
  await using stage = await OffsiteStage.open();
  const { old, copy } = await scene(stage);
  await old.record(2, 9);
  await old.keep(copy);
  const lines = await old.lines();
  const { folder } = old.records.history;
  const [month = ''] = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'));
  // As after a restore of the state folder from a week ago, or a bring-back that was cut short: a head ahead of the lines, or not.
  await writeFile(join(folder, month), `${lines.slice(0, 4).join('\n')}\n`);
  const { isHere, head } = await old.bringBack();
  assert.deepEqual([isHere, head.number], [false, lines.length]);
  assert.deepEqual((await old.lines()).slice(0, lines.length), lines);
  const changed = [...lines.slice(0, 3), lines[3]!.replace('"kind":"', '"kind":"x')];
  await writeFile(join(folder, month), `${changed.join('\n')}\n`);
  await assert.rejects(old.bringBack(), { code: 'records.contradicted' });
  assert.equal(await readFile(join(folder, month), 'utf8'), `${changed.join('\n')}\n`);
});

test('what was changed, cut off, or lies there in contradicting versions is refused, and the machine stays as it was', async () => {
  await using stage = await OffsiteStage.open();
  const { old, next, copy } = await scene(stage);
  await old.record(2, 9);
  await old.keep(copy);
  const { chain } = (await old.records.history.head())!;
  const place = new DriveHistory(new DriveFolder(stage.drive.another(), copyPath));
  const listed = await place.list(historyFolderOf(chain), signal);
  const month = listed.find(({ name }) => name.endsWith('.jsonl'))!;
  const head = listed.find(({ name }) => name === 'head.json')!;
  const bytes = await place.read(month, signal);
  const refusal = async (): Promise<string> => {
    const error = await next.bringBack().then(
      () => assert.fail('it was taken'),
      (failure: unknown) => failure,
    );
    assert.ok(isCode(error, 'records.contradicted'), String(error));
    assert.deepEqual(
      (await readdir(next.place.stateFolder)).filter((name) => name !== 'records'),
      [],
    );
    assert.equal(await next.records.history.head(), undefined);
    return String((error as CadanganError).facts['reason']);
  };
  const replaced = async (content: Buffer, work: () => Promise<void>): Promise<void> => {
    for (const file of await place.list(historyFolderOf(chain), signal)) if (file.name === month.name) await place.remove(file, signal);
    await place.write(historyFolderOf(chain), month.name, content, signal);
    await work();
    for (const file of await place.list(historyFolderOf(chain), signal)) if (file.name === month.name) await place.remove(file, signal);
    await place.write(historyFolderOf(chain), month.name, bytes, signal);
  };
  await replaced(Buffer.from(bytes.toString().replace('"success"', '"failed"')), async () => {
    assert.match(await refusal(), /hash|changed|diubah|altered/i);
  });
  const cut = bytes.subarray(0, bytes.lastIndexOf(0x0a, bytes.length - 2) + 1);
  await replaced(cut, async () => {
    await refusal();
    // The head that lies with the records is cut to them: the one at the top of the copy still knows better.
    const [last = ''] = cut.toString().split('\n').slice(-2);
    const { number, hash } = JSON.parse(last) as { readonly number: number; readonly hash: string };
    await place.remove(head, signal);
    await place.write(historyFolderOf(chain), 'head.json', Buffer.from(JSON.stringify({ chain, number, hash })), signal);
    await refusal();
  });
  await place.write(historyFolderOf(chain), month.name, Buffer.from(bytes.toString().replaceAll('a', 'b')), signal);
  assert.match(await refusal(), /versions that contradict/);
});

test('of what others put beside the records nothing is written here, whatever its name', async () => {
  await using stage = await OffsiteStage.open();
  const { old, next } = await scene(stage);
  const { chain } = (await old.records.history.head())!;
  const [folder] = stage.person.find(`${copyPath}/${historyFolderOf(chain)}`);
  const names = [
    '../installation-key.pem',
    '../../evil',
    'evidence/../../evil',
    'lock',
    '2026-13.jsonl',
    'evil.jsonl',
    'configuration.json.x',
  ];
  for (const name of names) await stage.person.plant({ name, parent: folder!.id, client: sampleClient.id, bytes: Buffer.from('x') });
  await next.bringBack();
  const written = await readdir(next.place.stateFolder, { recursive: true });
  assert.deepEqual(
    written.filter(
      (name) =>
        name !== 'records' &&
        !/^(installation-key\.pem|records[\\/](lock(?:[\\/].*)?|evidence|head\.json|\d{4}-\d\d\.jsonl|evidence[\\/]drill-7\.json))$/.test(
          name,
        ),
    ),
    [],
  );
  assert.equal((await readdir(stage.folder)).includes('evil'), false);
  assert.match(await readFile(join(next.place.stateFolder, 'installation-key.pem'), 'utf8'), /PRIVATE KEY/);
});

test('sealed, it comes back with the key of the repository, which the machine that keeps it needs once', async () => {
  await using stage = await OffsiteStage.open();
  const { old, next, copy } = await scene(stage, 'sealed');
  const { chain } = (await old.records.history.head())!;
  const place = new DriveHistory(new DriveFolder(stage.drive.another(), copyPath));
  assert.deepEqual(await place.list(historyFolderOf(chain), signal), [], 'the copying had no key');
  const keyOf = async (): Promise<OpenedKey> => {
    const { keyId: id, masterKey } = await Repository.open(
      { storage: stage.source, clock: systemClock, random: systemRandom },
      passwordFromText('password'),
      signal,
    );
    return { id, masterKey };
  };
  await assert.rejects(old.keep(copy), { code: 'password.missing' });
  assert.equal(await old.keep(copy, keyOf), 'kept');
  await old.record(1, 8);
  assert.equal(await old.keep(copy), 'kept', 'without the key');
  const names = (await place.list(historyFolderOf(chain), signal)).map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => !name.endsWith('.sealed')),
    ['README.txt'],
  );
  await assert.rejects(
    next.bringBack({
      keyOf: async () => ({ ...(await keyOf()), masterKey: { ...(await keyOf()).masterKey, encrypt: new Uint8Array(32) } }),
    }),
    {
      code: 'records.sealed',
    },
  );
  const { head } = await next.bringBack({ keyOf });
  assert.deepEqual(head, await old.records.history.head());
});

test('switched off, only the head lies there; where several histories lie, one has to be chosen', async () => {
  await using stage = await OffsiteStage.open();
  const { old, next, copy } = await scene(stage, 'off');
  await assert.rejects(next.bringBack(), { code: 'records.not-kept' });
  const place = new DriveHistory(new DriveFolder(stage.drive.another(), copyPath));
  const anchors = (await place.list('', signal)).filter(({ name }) => name.startsWith('records-anchor-'));
  assert.equal(anchors.length, 1);
  const clear = { ...copy, records: 'clear' as const };
  await old.keep(clear);
  const { chain } = (await old.records.history.head())!;
  await rm(old.place.stateFolder, { recursive: true });
  await mkdir(old.place.stateFolder);
  await old.record(1, 4);
  await using jobs = new CopyJobs({ copy: clear, place: old.place, records: old.records, againMs: 20 });
  await stage.backup();
  await jobs.sync({ signal }, { trigger: 'manual' });
  await assert.rejects(next.bringBack(), { code: 'records.several' });
  assert.equal((await next.bringBack({ chain })).head.chain, chain);
});
