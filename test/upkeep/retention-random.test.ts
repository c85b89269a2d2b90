import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { formatTimestamp, listSnapshots, parseBlobId, saveSnapshot, type Repository } from '../../src/repository/index.ts';
import { matchesOf, parseGroupBy, planRetention, type PlannedGroup } from '../../src/upkeep/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';
import { policyOf } from './policy-options.ts';
import { ResticRepository } from './restic-repository.ts';

/*
 * The same random histories under the same random policies, decided by restic 0.14 and by us. What we keep beyond it must be exactly the
 * oldest snapshot of a group under a rule with counts left (restic 0.16), which is computed here from what restic said itself.
 */

const snapshotJson = z.object({ id: z.string().optional(), time: z.string() });
const groupJson = z.object({
  tags: z.array(z.string()).nullable(),
  host: z.string(),
  paths: z.array(z.string()).nullable(),
  keep: z.array(snapshotJson).nullable(),
  remove: z.array(snapshotJson).nullable(),
  reasons: z.array(z.object({ snapshot: snapshotJson, matches: z.array(z.string()).nullable() })).nullable(),
});
type ResticGroup = z.output<typeof groupJson>;

const historyCount = rounds({ sample: 20, long: 200 });
const seed = freshSeed();
/** Histories begin up to 60 years before, and some reach into the future. */
const nowNs = 1_800_000_000n * 1_000_000_000n;
/** A policy looks at no tree. */
const noTree = parseBlobId('0'.repeat(64));

test(`${historyCount} random histories are thinned out as restic does (seed ${seed})`, needs('restic'), async () => {
  for (let number = 0; number < historyCount; number++) {
    const random = new SeededRandom(seed + number);
    await using made = await ResticRepository.make();
    const repository = await made.open();
    await addHistory(repository, random);
    const [flags, grouping] = [randomFlags(random), pick(random, ['host,paths', 'host', 'paths', 'tags', 'host,paths,tags', ''])];
    const about = `seed ${seed + number}: ${flags} --group-by "${grouping}"`;

    const { status, output, errors } = made.restic('forget', '--dry-run', '--json', '--group-by', grouping, ...flags.split(' '));
    assert.equal(status, 0, `${about}: ${errors}`);
    const theirs = z
      .array(groupJson)
      .parse(JSON.parse(output === '' ? '[]' : (output.split('\n').find((line) => line.startsWith('[')) ?? '[]')));
    const { groups: ours } = planRetention(
      await listSnapshots(repository, neverAborted),
      { policy: policyOf(flags), groupBy: parseGroupBy(grouping) },
      { nowNs: BigInt(Date.now()) * 1_000_000n, today: '2026-01-01' },
    );

    assert.deepEqual(new Set(ours.map(keyOfOurs)), new Set(theirs.map(keyOfTheirs)), about);
    for (const group of ours) {
      const other = theirs.find((one) => keyOfTheirs(one) === keyOfOurs(group));
      assert(other);
      assert.deepEqual(ourDecisions(group), laterDecisions(other, flags), about);
    }
  }
});

/** Times that fall close together and far apart, in several zones, of several hosts, paths and tags; each time is another one. */
async function addHistory(repository: Repository, random: SeededRandom): Promise<void> {
  let timeNs = nowNs - BigInt(random.below(2_000_000_000)) * 1_000_000_000n;
  for (let left = 1 + random.below(60); left > 0; left--) {
    const stepSeconds = pick(random, [600, 7_200, 86_400, 86_400, 900_000, 20_000_000]);
    timeNs += BigInt(1 + random.below(stepSeconds)) * 1_000_000_000n + BigInt(random.below(1_000_000_000));
    const time = formatTimestamp(timeNs, pick(random, [0, 420, 420, -210, 540, 840]));
    await saveSnapshot(
      repository,
      {
        time,
        tree: noTree,
        paths: pick(random, [['/a'], ['/a', '/b'], ['/b', '/a']]),
        hostname: pick(random, ['one', 'one', 'two']),
        username: 'root',
        uid: 0,
        gid: 0,
        excludes: [],
        tags: pick(random, [[], [], ['x'], ['x', 'y'], ['y', 'x'], ['year-end']]),
      },
      neverAborted,
    );
  }
}

function randomFlags(random: SeededRandom): string {
  const count = () => 1 + random.below(12);
  const duration = () => pick(random, ['1h', '36h', '5d', '1m', '2m3d', '1y', '3y2m1d5h']);
  const all = [
    ...['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'].map((name) => () => `--keep-${name} ${count()}`),
    ...['', '-hourly', '-daily', '-weekly', '-monthly', '-yearly'].map((name) => () => `--keep-within${name} ${duration()}`),
    () => `--keep-tag ${pick(random, ['x', 'x,y', 'year-end', 'none'])}`,
  ];
  const chosen = all.filter(() => random.chance(0.25));
  return (chosen.length > 0 ? chosen : [pick(random, all)]).map((flag) => flag()).join(' ');
}

function ourDecisions({ keep, remove }: PlannedGroup): ReturnType<typeof laterDecisions> {
  const decisions: (readonly [string, readonly string[]])[] = [
    ...keep.map((kept) => [kept.snapshot.snapshot.time, matchesOf(kept)] as const),
    ...remove.map(({ snapshot }) => [snapshot.time, []] as const),
  ];
  return new Map(decisions.toSorted(byTime));
}

/** What restic decided, and beside it what later versions add: for the oldest one, each rule that still had counts. */
function laterDecisions({ keep, remove, reasons }: ResticGroup, flags: string): Map<string, readonly string[]> {
  const matches = new Map((reasons ?? []).map((reason) => [reason.snapshot.time, reason.matches ?? []]));
  const all = [...(keep ?? []), ...(remove ?? [])].map(({ time }) => [time, matches.get(time) ?? []] as const).toSorted(byTime);
  const [oldest, ...others] = all;
  if (oldest === undefined) return new Map();
  const counted = [...flags.matchAll(/--keep-(last|hourly|daily|weekly|monthly|yearly) (\d+)/g)].flatMap(([, period = '', count]) => {
    const word = `${period} snapshot`;
    const used = all.filter((one) => one[1].includes(word)).length;
    return used < Number(count) && !oldest[1].includes(word) ? [`oldest ${word}`] : [];
  });
  // The oldest of all is within a time only if all are, whatever else restic says of it.
  const within = [...flags.matchAll(/--keep-within-(\w+) (\w+)/g)].flatMap(([, period = '', duration = '']) => {
    const word = `${period} within ${duration}`;
    return isWithin(oldest[0], all, duration) && !oldest[1].includes(word) ? [`oldest ${word}`] : [];
  });
  return new Map([[oldest[0], inOrder([...oldest[1], ...counted, ...within])], ...others]);
}

function isWithin(time: string, all: readonly (readonly [string, readonly string[]])[], duration: string): boolean {
  const newest = all.findLast(([other]) => Date.parse(other) < Date.now())?.[0];
  if (newest === undefined) return true;
  const amount = (unit: string): number => Number(new RegExp(`(\\d+)${unit}`).exec(duration)?.[1] ?? 0);
  const offsetMs = offsetMinutes(newest) * 60_000;
  const local = new Date(Date.parse(newest) + offsetMs);
  const [year, month, day] = [local.getUTCFullYear() - amount('y'), local.getUTCMonth() - amount('m'), local.getUTCDate() - amount('d')];
  local.setUTCFullYear(year, month, day);
  return Date.parse(time) > local.getTime() - offsetMs - amount('h') * 3_600_000;
}

function offsetMinutes(time: string): number {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(time) ?? [];
  return hours === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/** Restic's: tags, `within`, counts from `last` to `yearly`, the `within` of periods. */
function inOrder(words: readonly string[]): string[] {
  const periods = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'];
  const rank = (word: string): number => {
    const [, period = '', kind = ''] = /^(?:oldest )?(\w+) (snapshot|within)/.exec(word) ?? [];
    return word.startsWith('has') ? 0 : word.startsWith('within') ? 1 : (kind === 'snapshot' ? 10 : 20) + periods.indexOf(period);
  };
  return words.toSorted((a, b) => rank(a) - rank(b));
}

function keyOfTheirs({ host, paths, tags }: ResticGroup): string {
  return JSON.stringify([host, (paths ?? []).toSorted(), (tags ?? []).toSorted()]);
}

function keyOfOurs({ key: { host = '', paths = [], tags = [] } }: PlannedGroup): string {
  return JSON.stringify([host, paths, tags]);
}

function byTime(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return Date.parse(a[0]) - Date.parse(b[0]);
}

function pick<T>(random: SeededRandom, items: readonly [T, ...T[]] | readonly T[]): T {
  const item = items[random.below(items.length)];
  assert(item !== undefined);
  return item;
}
