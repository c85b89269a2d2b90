import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { listSnapshots } from '../../src/repository/index.ts';
import {
  parseGroupBy,
  planRetention,
  recentChanges,
  retentionHolds,
  type ChangeFigures,
  type RetentionHold,
} from '../../src/upkeep/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';
import { companyFiles, encrypted, encryptedInParts, FileWorld, filesBelow, pick, workingDay, type Files } from './file-world.ts';
import { policyOf } from './policy-options.ts';

const seed = freshSeed();

/** What a rule of `keep-last 1` is held back by after these evenings. */
async function holdsAfter(
  evenings: readonly Files[],
): Promise<{ readonly holds: readonly RetentionHold[]; readonly changes: readonly ChangeFigures[] }> {
  await using world = await FileWorld.make();
  for (const files of evenings) await world.backUp(files);
  const repository = await world.open();
  const all = await listSnapshots(repository, neverAborted);
  const plan = planRetention(
    all,
    { policy: policyOf('--keep-last 1'), groupBy: parseGroupBy('host,paths') },
    { nowNs: 2n ** 62n, today: '2026-02-01' },
  );
  const { changes, unreadable } = await recentChanges(repository, plan, all, neverAborted);
  assert.deepEqual(unreadable, []);
  const nothingKnown = { sets: [], missing: [], newest: [], clockForward: undefined, nights: [], open: [], released: new Set<string>() };
  const holds = retentionHolds(plan, true, { ...nothingKnown, nowNs: 2n ** 62n, all, unreadable, changes });
  return { holds, changes: changes.flat() };
}

function whatOf(holds: readonly RetentionHold[]): readonly string[] {
  return holds.flatMap((hold) => (hold.kind === 'sudden-change' ? [hold.what.join(',')] : [hold.kind]));
}

function workingDays(random: SeededRandom, count: number, files: Files = companyFiles(random)): Files[] {
  const days = [files];
  while (days.length < count) days.push(workingDay(days.at(-1) ?? files, random, days.length));
  return days;
}

function changedFiles(files: Files, change: (path: string, bytes: Uint8Array) => readonly [string, Uint8Array] | undefined): Files {
  return new Map([...files].flatMap(([path, bytes]) => [change(path, bytes) ?? []].filter((entry) => entry.length === 2)));
}

describe(`a sample company (seed ${seed})`, () => {
  test(`ordinary working days hold nothing back`, async () => {
    for (let number = 0; number < rounds({ sample: 1, long: 30 }); number++) {
      const { holds, changes } = await holdsAfter(workingDays(new SeededRandom(seed + number), 12));
      assert.deepEqual(holds, [], `seed ${seed + number}: ${JSON.stringify(changes)}`);
    }
  });

  test('neither does a year that moves into the archive', async () => {
    const days = workingDays(new SeededRandom(seed), 6);
    const archived = changedFiles(days.at(-1) ?? new Map(), (path, bytes) => [path.replace(/^(\w+)\/2025\//, 'archive/2025/$1/'), bytes]);
    const { holds } = await holdsAfter([...days, archived]);
    assert.deepEqual(holds, []);
  });

  test('nor a folder of photographs of a kind that nobody had', async () => {
    const random = new SeededRandom(seed);
    const days = workingDays(random, 6);
    const photographs = Array.from({ length: 80 }, (_, number) => [`sales/fair/IMG_${number}.heic`, random.bytes(9_000)] as const);
    const { holds } = await holdsAfter([...days, new Map([...(days.at(-1) ?? []), ...photographs])]);
    assert.deepEqual(holds, []);
  });

  test('nor a move from one program to another, of a few files', async () => {
    const random = new SeededRandom(seed);
    const days = workingDays(random, 6);
    let converted = 0;
    const after = changedFiles(days.at(-1) ?? new Map(), (path, bytes) =>
      path.endsWith('.csv') && ++converted <= 9 ? [path.replace(/csv$/, 'ods'), gzipSync(bytes)] : [path, bytes],
    );
    assert.deepEqual((await holdsAfter([...days, after])).holds, []);
  });

  const attacks: readonly {
    readonly name: string;
    readonly attack: (files: Files, random: SeededRandom) => Files;
    readonly what: string;
  }[] = [
    {
      name: 'everything encrypted under another extension',
      attack: (files, random) => changedFiles(files, (path, bytes) => [`${path}.locked`, encrypted(bytes, random)]),
      what: 'vanished,scrambled,renamed',
    },
    {
      name: 'a twentieth encrypted in its place, and stopped',
      attack: (files, random) => {
        const texts = [...files.keys()].filter((path) => /\.(?:txt|csv|xml|sql)$/.test(path)).slice(0, files.size / 20);
        return changedFiles(files, (path, bytes) => [path, texts.includes(path) ? encrypted(bytes, random) : bytes]);
      },
      what: 'scrambled',
    },
    {
      name: 'half of every block encrypted in its place',
      attack: (files, random) => changedFiles(files, (path, bytes) => [path, encryptedInParts(bytes, random)]),
      what: 'changed,scrambled',
    },
    {
      name: 'everything overwritten with zeros',
      attack: (files) => changedFiles(files, (path, bytes) => [path, new Uint8Array(bytes.length)]),
      what: 'changed',
    },
    {
      name: 'three of five files deleted',
      attack: (files, random) => changedFiles(files, (path, bytes) => (random.chance(0.4) ? [path, bytes] : undefined)),
      what: 'vanished',
    },
  ];
  for (const { name, attack, what } of attacks) {
    test(`${name}: held back, also when nobody looked for six days`, async () => {
      const random = new SeededRandom(seed);
      const before = workingDays(random, 6);
      const hit = attack(before.at(-1) ?? new Map(), random);
      const { holds, changes } = await holdsAfter([...before, hit, ...workingDays(random, 7, hit).slice(1)]);
      assert.deepEqual(whatOf(holds), [what], JSON.stringify(changes));
    });
  }

  test('photographs and office files encrypted in their place: that they are all new tells them from what they were, and little else', async () => {
    const random = new SeededRandom(seed);
    const all = companyFiles(random);
    const opaque = changedFiles(all, (path, bytes) => (/\.(?:jpg|docx|xlsx|pdf)$/.test(path) ? [path, bytes] : undefined));
    const before = workingDays(random, 4, opaque);
    const hit = changedFiles(before.at(-1) ?? new Map(), (path, bytes) => [path, encrypted(bytes, random)]);
    const told = whatOf((await holdsAfter([...before, hit])).holds);
    // Some compress a little, and then that is told, too.
    assert.match(told.join(' '), /^changed(?:,scrambled)?$/);
  });

  test('two nights of an encryption are both told', async () => {
    const random = new SeededRandom(seed);
    const before = workingDays(random, 3);
    const half = (files: Files, chosen: (path: string) => boolean): Files =>
      changedFiles(files, (path, bytes) => (chosen(path) ? [`${path}.locked`, encrypted(bytes, random)] : [path, bytes]));
    const first = half(before.at(-1) ?? new Map(), (path) => /^[a-h]/.test(path));
    const second = half(first, (path) => !path.endsWith('.locked'));
    assert.equal((await holdsAfter([...before, first, second])).holds.length, 2);
  });
});

describe('dumps that are new every night', () => {
  const dumps = (name: (night: number, number: number) => string) => {
    const random = new SeededRandom(seed);
    return Array.from(
      { length: 9 },
      (_evening, night) =>
        new Map(Array.from({ length: 40 }, (_file, number) => [name(night, number), gzipSync(random.bytes(2_000))] as const)),
    );
  };

  test('under the same names hold nothing back', async () => {
    assert.deepEqual((await holdsAfter(dumps((_night, number) => `db-${number}.sql.gz`))).holds, []);
  });

  test('nor under dated names', async () => {
    assert.deepEqual((await holdsAfter(dumps((night, number) => `db-${number}-2026-01-0${night}.sql.gz`))).holds, []);
  });
});

describe('the source code of this program', () => {
  const source = filesBelow(join(import.meta.dirname, '..', '..', 'src'));
  const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

  test('commits hold nothing back, nor does a folder that is renamed, nor a formatting of every file', async () => {
    const random = new SeededRandom(seed);
    const days: Files[] = [source];
    for (let day = 0; day < 5; day++) {
      const before = days.at(-1) ?? source;
      days.push(
        changedFiles(before, (path, bytes) => [
          path,
          random.chance(0.05) ? Buffer.from(`${textOf(bytes)}\nexport const day${day} = ${random.uint32()};\n`) : bytes,
        ]),
      );
    }
    const renamed = changedFiles(days.at(-1) ?? source, (path, bytes) => [path.replace(/^jobs\//, 'work/'), bytes]);
    const formatted = changedFiles(renamed, (path, bytes) => [
      path,
      Buffer.from(textOf(bytes).replaceAll('\n  ', '\n\t').replaceAll("'", '"')),
    ]);
    const { holds, changes } = await holdsAfter([...days, renamed, formatted]);
    assert.deepEqual(holds, [], JSON.stringify(changes));
  });

  test('an encryption of it is held back', async () => {
    const random = new SeededRandom(seed);
    const hit = changedFiles(source, (path, bytes) => [pick(random, [path, `${path}.${random.below(4)}crypt`]), encrypted(bytes, random)]);
    assert.equal((await holdsAfter([source, hit])).holds.length, 1);
  });
});
