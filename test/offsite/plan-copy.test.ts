import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isCode } from '../../src/platform/index.ts';
import {
  compareCopy,
  lagOf,
  planCopy,
  readSourceCut,
  type Claim,
  type CopyFile,
  type CopyListing,
  type SourceCut,
  type SourceFile,
  type Stage,
} from '../../src/offsite/index.ts';
import type { FileKind, ListedFile, Storage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { faultsOf, ModelRepository, type Names } from './model-repository.ts';

const place = { source: '/mnt/backup', copy: 'gdrive:Backup' };
const configSha256 = 'c'.repeat(64);
const configMd5 = 'c'.repeat(32);
const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const kinds = ['keys', 'data', 'index', 'snapshots'] as const;

/** What lies on Drive: names alone. Its bytes are always right here. */
class ModelCopy {
  files: CopyFile[] = [];
  claims: Claim[] = [];
  #clock = 1_000;

  get listing(): CopyListing {
    return { files: this.files, foreign: [], claims: this.claims };
  }

  put({ kind, name, sizeBytes }: SourceFile, mark: string | undefined = configSha256): void {
    this.files.push({
      kind,
      name,
      sizeBytes,
      id: `id-${this.#clock}`,
      sha256: kind === 'config' ? configSha256 : name,
      md5: undefined,
      isTrashed: false,
      createdMs: this.#clock++,
      mark,
    });
  }

  trash({ id }: CopyFile): void {
    this.files = this.files.map((file) => (file.id === id ? { ...file, isTrashed: true } : file));
  }

  /** As somebody would see it who opens the copy. */
  namesAmong(repository: ModelRepository): Names {
    const live = (kind: (typeof kinds)[number]): string[] =>
      this.files.filter((file) => file.kind === kind && !file.isTrashed).map(({ name }) => name);
    const known = <T>(kind: 'data' | 'index' | 'snapshots', ever: ReadonlyMap<string, T>): Map<string, T> =>
      new Map(live(kind).flatMap((name) => (ever.has(name) ? [[name, ever.get(name) as T]] : [])));
    return {
      keys: new Set(live('keys')),
      data: known('data', repository.ever.data),
      index: known('index', repository.ever.index),
      snapshots: known('snapshots', repository.ever.snapshots),
    };
  }
}

function cutOf(repository: ModelRepository): SourceCut {
  const files = kinds.flatMap((kind): SourceFile[] => [...repository[kind].keys()].map((name) => ({ kind, name, sizeBytes: 10 })));
  return { files: [...files, { kind: 'config', name: '', sizeBytes: 150 }], configSha256, configMd5, isConsistent: true };
}

/** Every single change of a plan, in an order that the stages allow. */
function* changesOf(
  stages: readonly Stage[],
  random: SeededRandom,
): Generator<{ readonly upload?: SourceFile; readonly trash?: CopyFile }> {
  for (const stage of stages) {
    const files: (SourceFile | CopyFile)[] = [...stage.files];
    while (files.length > 0) {
      const [file] = files.splice(random.below(files.length), 1);
      if (file === undefined) continue;
      yield 'id' in file ? { trash: file } : { upload: file };
    }
  }
}

/** Copies as far as `mayGoOn` lets it, and looks at the copy after each single change. */
function sync(
  repository: ModelRepository,
  copy: ModelCopy,
  random: SeededRandom,
  mayGoOn: () => boolean,
): { readonly isWhole: boolean; readonly uploads: number } {
  const cut = cutOf(repository);
  const plan = planCopy(cut, compareCopy(cut, copy.listing), place);
  let uploads = 0;
  for (const { upload, trash } of changesOf(plan.stages, random)) {
    if (!mayGoOn()) return { isWhole: false, uploads };
    if (upload) {
      copy.put(upload);
      uploads += 1;
    }
    if (trash) copy.trash(trash);
    assert.deepEqual(faultsOf(copy.namesAmong(repository)), []);
  }
  return { isWhole: plan.heldBack.length === 0, uploads };
}

function liveNames(copy: ModelCopy): string[] {
  return copy.files
    .filter(({ isTrashed }) => !isTrashed)
    .map(({ kind, name }) => `${kind}/${name}`)
    .sort();
}

test('at every moment of any number of syncs, cut short anywhere, between backups, forget and prune, the copy is a whole repository', () => {
  fc.assert(
    fc.property(seed, (number) => {
      const random = new SeededRandom(number);
      const repository = new ModelRepository(random.fork());
      const copy = new ModelCopy();
      for (let round = 0; round < 12; round++) {
        const work = random.chance(0.6) ? repository.backup() : random.chance(0.5) ? repository.forget() : repository.prune();
        for (const _step of work) if (random.chance(0.08)) break; // killed
        if (random.chance(0.7)) {
          const cutAfter = random.chance(0.5) ? random.below(6) : Infinity;
          let done = 0;
          sync(repository, copy, random, () => done++ < cutAfter);
        }
      }
      for (const _step of repository.prune());
      const { isWhole } = sync(repository, copy, random, () => true);
      if (isWhole)
        assert.deepEqual(
          liveNames(copy),
          cutOf(repository)
            .files.map(({ kind, name }) => `${kind}/${name}`)
            .sort(),
        );
      // A second look finds nothing to do.
      assert.equal(sync(repository, copy, random, () => true).uploads, 0);
      assert.equal(lagOf(compareCopy(cutOf(repository), copy.listing)).files, 0);
    }),
    { numRuns: 500 },
  );
});

test('packs that the original has lost stay on Drive, with all that needs them', () => {
  fc.assert(
    fc.property(seed, fc.integer({ min: 1, max: 5 }), (number, losses) => {
      const random = new SeededRandom(number);
      const repository = new ModelRepository(random.fork());
      const copy = new ModelCopy();
      for (let i = 0; i < 6; i++) for (const _step of repository.backup());
      sync(repository, copy, random, () => true);
      const before = liveNames(copy);
      for (let i = 0; i < losses; i++) repository.losePack();
      for (const _step of repository.backup());
      const cut = cutOf(repository);
      const plan = planCopy(cut, compareCopy(cut, copy.listing), place);
      assert.ok(plan.doubts.includes('packs-lost'));
      sync(repository, copy, random, () => true);
      assert.deepEqual(
        before.filter((name) => !liveNames(copy).includes(name)),
        [],
      );
    }),
    { numRuns: 200 },
  );
});

test('an original that is suddenly empty, or far smaller, takes nothing away from the copy, unless somebody says so', () => {
  const random = new SeededRandom(7);
  const repository = new ModelRepository(random.fork());
  const copy = new ModelCopy();
  for (let i = 0; i < 30; i++) for (const _step of repository.backup());
  sync(repository, copy, random, () => true);
  const names = liveNames(copy);
  const empty = { ...cutOf(repository), files: cutOf(repository).files.filter(({ kind }) => kind === 'keys' || kind === 'config') };
  const plan = planCopy(empty, compareCopy(empty, copy.listing), place);
  assert.deepEqual([plan.stages, plan.doubts], [[], ['no-snapshots', 'far-fewer']]);
  assert.ok(plan.heldBack.length > 30);
  const few = {
    ...cutOf(repository),
    files: cutOf(repository).files.filter(({ kind, name }) => kind === 'keys' || kind === 'config' || name < '4'),
  };
  assert.deepEqual(planCopy(few, compareCopy(few, copy.listing), place).doubts, ['rolled-back', 'far-fewer']);
  assert.deepEqual(liveNames(copy), names);
  const allowed = planCopy(few, compareCopy(few, copy.listing), place, { mayRemoveAll: true });
  assert.deepEqual(
    allowed.stages.map(({ kind }) => kind),
    ['snapshots', 'index', 'data'],
  );
});

test('the copy of another repository is refused; that of the same one after a migration is taken on', () => {
  const random = new SeededRandom(9);
  const copy = new ModelCopy();
  const repository = new ModelRepository(random.fork());
  for (const _step of repository.backup());
  sync(repository, copy, random, () => true);
  const cut = cutOf(repository);
  const migrated = { ...cut, configSha256: 'd'.repeat(64) };
  const plan = planCopy(migrated, compareCopy(migrated, copy.listing), place);
  assert.deepEqual(
    plan.stages.map(({ action, kind }) => `${action} ${kind}`),
    ['upload config', 'trash config'],
  );
  const other = { ...migrated, files: migrated.files.map((file) => (file.kind === 'keys' ? { ...file, name: 'e'.repeat(64) } : file)) };
  assert.throws(
    () => planCopy(other, compareCopy(other, copy.listing), place),
    (error) => isCode(error, 'offsite.other-repository'),
  );
  const newKey = { ...cut, files: other.files };
  assert.deepEqual(
    planCopy(newKey, compareCopy(newKey, copy.listing), place).stages.map(({ action, kind }) => `${action} ${kind}`),
    ['upload keys', 'trash keys'],
  );
});

/** A repository with one key, pack and snapshot, and its copy: what is changed about them decides whose the rest is. */
function copyOfOne(): {
  readonly cut: SourceCut;
  readonly copy: ModelCopy;
  readonly spare: (kind: SourceFile['kind'], more: Partial<CopyFile>) => CopyFile;
} {
  const name = (digit: string): string => digit.repeat(64);
  const files = [
    ...kinds.map((kind, at): SourceFile => ({ kind, name: name(String(at)), sizeBytes: 10 })),
    { kind: 'config', name: '', sizeBytes: 150 } as const,
  ];
  const copy = new ModelCopy();
  const spare = (kind: SourceFile['kind'], more: Partial<CopyFile>): CopyFile => {
    const extra: CopyFile = {
      kind,
      name: kind === 'config' ? '' : name('e'),
      id: `extra-${kind}`,
      sizeBytes: 10,
      sha256: name('e'),
      md5: undefined,
      isTrashed: false,
      createdMs: 500,
      mark: undefined,
      ...more,
    };
    copy.files.push(extra);
    return extra;
  };
  return { cut: { files, configSha256, configMd5, isConsistent: true }, copy, spare };
}

const otherMark = 'f'.repeat(64);

test('whatever is marked, or claimed, by another repository refuses the folder as a whole, and is named', () => {
  const cases: readonly (readonly [strange: (one: ReturnType<typeof copyOfOne>) => unknown, path: string])[] = [
    [({ copy }) => copy.claims.push({ id: 'c', mark: otherMark, createdMs: 1 }), `cadangan-copy-${otherMark}.json`],
    [({ spare }) => spare('keys', { mark: otherMark }), `keys/${'e'.repeat(64)}`],
    [({ spare }) => spare('data', { mark: otherMark }), `data/ee/${'e'.repeat(64)}`],
    [({ spare }) => spare('config', { mark: otherMark }), 'config'],
    [({ spare }) => spare('config', {}), 'config'],
    [({ spare }) => spare('config', { sha256: undefined, md5: 'e'.repeat(32), sizeBytes: 150 }), 'config'],
    [({ spare }) => spare('config', { sha256: undefined, mark: otherMark, sizeBytes: 150 }), 'config'],
  ];
  for (const [strange, path] of cases) {
    const one = copyOfOne();
    for (const file of one.cut.files) one.copy.put(file);
    one.copy.claims.push({ id: 'own', mark: configSha256, createdMs: 900 });
    strange(one);
    assert.throws(
      () => planCopy(one.cut, compareCopy(one.cut, one.copy.listing), place, { mayRemoveAll: true }),
      (error) => isCode(error, 'offsite.other-repository') && error.facts['file'] === path,
      path,
    );
  }
});

test('what has no mark goes only from a copy that was there before it was claimed; a key never, and beside an unknown key nothing', () => {
  const trashed = (
    isOld: boolean,
    kind: SourceFile['kind'],
    more: Partial<CopyFile>,
    prepare: (one: ReturnType<typeof copyOfOne>) => unknown = () => undefined,
  ): readonly string[] => {
    const one = copyOfOne();
    for (const file of one.cut.files) one.copy.put(file, isOld ? undefined : configSha256);
    if (isOld) one.copy.files = one.copy.files.map((file) => ({ ...file, mark: undefined, createdMs: 400 }));
    one.copy.claims.push({ id: 'own', mark: configSha256, createdMs: 900 });
    const extra = one.spare(kind, more);
    prepare(one);
    const plan = planCopy(one.cut, compareCopy(one.cut, one.copy.listing), place, { mayRemoveAll: true });
    const gone = plan.stages.flatMap((stage) => (stage.action === 'trash' ? stage.files : []));
    assert.deepEqual(gone.includes(extra) ? [] : ['not-ours'], plan.doubts);
    return gone.map(({ id }) => id);
  };
  for (const kind of ['data', 'index', 'snapshots'] as const) {
    assert.deepEqual(trashed(false, kind, { mark: configSha256 }), [`extra-${kind}`]);
    assert.deepEqual(trashed(true, kind, {}), [`extra-${kind}`], 'the copy of a version before');
    assert.deepEqual(trashed(false, kind, {}), [], 'somebody else put it there');
    assert.deepEqual(trashed(true, kind, { createdMs: 901 }), [], 'after the claim everything of ours is marked');
    assert.deepEqual(
      trashed(true, kind, {}, ({ spare }) => spare('keys', {})),
      [],
      'a key that the repository has not',
    );
    assert.deepEqual(
      trashed(true, kind, {}, ({ copy }) => (copy.claims = [])),
      [],
      'before the folder is claimed',
    );
  }
  assert.deepEqual(trashed(false, 'keys', { mark: configSha256 }), ['extra-keys'], 'the password of somebody who left');
  assert.deepEqual(trashed(true, 'keys', {}), []);
});

test('a config with other bytes goes only as an older one of the same repository; one of the same size and without a checksum stays', () => {
  const planned = (more: Partial<CopyFile>, keyMark: string | undefined): string => {
    const { cut, copy, spare } = copyOfOne();
    for (const file of cut.files) if (file.kind !== 'config') copy.put(file, configSha256);
    copy.files = copy.files.map((file) => ({ ...file, mark: file.kind === 'keys' ? keyMark : file.mark }));
    spare('config', more);
    try {
      return planCopy(cut, compareCopy(cut, copy.listing), place)
        .stages.map(({ action, kind }) => `${action} ${kind}`)
        .join();
    } catch (error) {
      if (isCode(error, 'offsite.other-repository')) return 'refused';
      throw error;
    }
  };
  const older = 'd'.repeat(64);
  assert.equal(planned({ mark: older }, older), 'upload config,trash config', 'our key was put there with it');
  assert.equal(planned({ mark: older }, configSha256), 'refused');
  assert.equal(planned({}, undefined), 'upload config,trash config', 'of a version before');
  assert.equal(planned({}, configSha256), 'refused');
  assert.equal(planned({ sha256: undefined, sizeBytes: 150 }, configSha256), '', 'it may be ours: nothing is done about it');
  const { cut, copy, spare } = copyOfOne();
  for (const file of cut.files) copy.put(file);
  spare('config', { sha256: undefined, sizeBytes: 150 });
  assert.deepEqual(planCopy(cut, compareCopy(cut, copy.listing), place).stages, []);
});

test('wrong bytes, doubles and what lies in the trash are told apart, and mended without a moment of less', () => {
  const name = (digit: string): string => digit.repeat(64);
  const file = (digit: string, more: Partial<CopyFile> = {}): CopyFile => ({
    kind: 'data',
    name: name(digit),
    id: `i${digit}${more.createdMs ?? 0}`,
    sizeBytes: 10,
    sha256: name(digit),
    md5: undefined,
    isTrashed: false,
    createdMs: 5,
    mark: undefined,
    ...more,
  });
  const source = ['1', '2', '3', '4', '5', '6'].map((digit): SourceFile => ({ kind: 'data', name: name(digit), sizeBytes: 10 }));
  const files = [
    file('1'),
    file('1', { createdMs: 2 }),
    file('2', { sha256: name('f') }),
    file('3', { isTrashed: true }),
    file('4', { sha256: undefined }),
    file('5', { sha256: undefined, sizeBytes: 9 }),
    file('6', { sizeBytes: 11 }),
  ];
  const cut: SourceCut = { files: source, configSha256, configMd5, isConsistent: true };
  const comparison = compareCopy(cut, { files, foreign: [], claims: [] });
  assert.deepEqual(
    comparison.states.map(({ confidence, doubles, damaged, isTrashed }) => [confidence, doubles.length, damaged.length, isTrashed]),
    [
      ['verified', 1, 0, false],
      ['none', 0, 1, false],
      ['none', 0, 0, true],
      ['unconfirmed', 0, 0, false],
      ['none', 0, 1, false],
      ['verified', 0, 0, false],
    ],
  );
  assert.equal(comparison.states[0]?.good?.createdMs, 2, 'the older one stays');
  assert.deepEqual(
    comparison.damagedAtSource.map((damaged) => damaged.name[0]),
    ['6'],
  );
  const { stages } = planCopy(cut, comparison, place);
  assert.deepEqual(
    stages.map((stage) => `${stage.action} ${stage.files.map((each) => each.name[0]).join('')}`),
    ['upload 235', 'trash 25', 'trash 1'],
  );
});

/** A listing in two halves, between which others go on writing. */
class BusyStorage implements Storage {
  readonly location = '/mnt/backup';
  readonly abilities = { conditionalWrite: false, serverChecksum: false, rename: true, appendOnly: false };
  readonly #repository: ModelRepository;
  readonly #random: SeededRandom;
  readonly #work: () => void;

  constructor(repository: ModelRepository, random: SeededRandom, work: () => void) {
    this.#repository = repository;
    this.#random = random;
    this.#work = work;
  }

  async list(kind: Exclude<FileKind, 'config'>): Promise<ListedFile[]> {
    this.#work();
    if (kind === 'locks') return [];
    const border = this.#random.below(16).toString(16);
    const half = (isFirst: boolean): string[] => [...this.#repository[kind].keys()].filter((name) => name < border === isFirst);
    const first = half(true);
    this.#work();
    return [...first, ...half(false)].map((name) => ({ name, sizeBytes: 10 }));
  }

  sizeOf = async (): Promise<number> => 150;
  read = async (): Promise<Uint8Array> => Buffer.alloc(150);
  create = async (): Promise<void> => assert.fail();
  readRange = async (): Promise<Uint8Array> => assert.fail();
  write = async (): Promise<void> => assert.fail();
  remove = async (): Promise<void> => assert.fail();
  close = async (): Promise<void> => undefined;
}

test('a listing that is made while others back up, forget and prune is a whole repository, or says that it is none', async () => {
  let [consistent, all] = [0, 0];
  await fc.assert(
    fc.asyncProperty(seed, async (number) => {
      const random = new SeededRandom(number);
      const repository = new ModelRepository(random.fork());
      for (let i = 0; i < 4; i++) for (const _step of repository.backup());
      const busy = random.below(8) / 4;
      let current: Generator<void> = repository.backup();
      const work = (): void => {
        while (random.chance(busy / (1 + busy))) {
          if (current.next().done !== true) continue;
          current = random.chance(0.5) ? repository.backup() : random.chance(0.5) ? repository.forget() : repository.prune();
        }
      };
      const cut = await readSourceCut(new BusyStorage(repository, random, work), neverAborted);
      all += 1;
      if (!cut.isConsistent) return;
      consistent += 1;
      const names = <T>(kind: 'data' | 'index' | 'snapshots', ever: ReadonlyMap<string, T>): Map<string, T> =>
        new Map(cut.files.filter((file) => file.kind === kind).map(({ name }) => [name, ever.get(name) as T]));
      assert.deepEqual(
        faultsOf({
          keys: new Set(),
          data: names('data', repository.ever.data),
          index: names('index', repository.ever.index),
          snapshots: names('snapshots', repository.ever.snapshots),
        }),
        [],
      );
    }),
    { numRuns: 3000 },
  );
  assert.ok(consistent > all / 3, `${consistent} of ${all}`);
});
