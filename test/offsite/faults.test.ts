import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { CadanganError, isAbort, isCode } from '../../src/platform/index.ts';
import { faultCatalogue } from '../drive-emulator/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { rounds, seedsOf } from '../rounds.ts';
import { firstSeed } from '../seeds.ts';
import { checkByRestic, copyPath, OffsiteStage } from './offsite-stage.ts';

const piece = 256 * 1024;
const client = { pieceSizes: { firstBytes: piece, bytesMax: piece } };

/** Here more than one file of a name is right: what was stored wrong was sent again. */
const sendsAgain = new Set(['upload altered on the way', 'no checksum at all', 'no size']);

for (const [name, orders] of Object.entries(faultCatalogue)) {
  test(`with "${name}" the copy ends whole, and nothing is stored twice`, async () => {
    for (const seed of seedsOf({ sample: 1, long: 20 })) {
      await using stage = await OffsiteStage.open(seed, { client: { ...client, idleMsMax: 2_000 } });
      await stage.backup(3, 700_000);
      for (const order of orders) stage.emulator.faults.order(order);
      await syncPatiently(stage, seed);
      await stage.backup(2, 100_000);
      await syncPatiently(stage, seed);
      stage.assertWhole();
      if (!sendsAgain.has(name)) assert.deepEqual(storedTwice(stage), [], `seed ${seed}`);
    }
  });
}

const momentsWanted = rounds({ sample: 8, long: 20 });

test(
  'at random moments of running syncs, of which some are killed, the copy passes stock restic with every byte',
  { ...needs('restic'), timeout: 600_000 },
  async () => {
    const seed = firstSeed() + 1000;
    const random = new SeededRandom(seed);
    await using stage = await OffsiteStage.open(seed, { client });
    const mirrors: string[] = [];
    const mirror = async (): Promise<void> => {
      const target = join(stage.folder, `moment-${mirrors.length}`);
      mirrors.push(target);
      await stage.mirror(target);
    };
    const orders = Object.values(faultCatalogue)
      .filter((_orders, at) => at % 5 === 0)
      .flat();
    for (let round = 0; mirrors.length < momentsWanted; round++) {
      await stage.backup(3, 120_000);
      if (round % 3 === 2) await stage.prune();
      if (round % 2 === 1) for (const order of orders) stage.emulator.faults.order(order);
      const kill = new AbortController();
      let changes = 0;
      const looking: Promise<void>[] = [];
      const killAt = random.chance(0.4) ? 1 + random.below(6) : Infinity;
      const onChange = (): void => {
        changes += 1;
        if (random.chance(0.4) && mirrors.length < momentsWanted) looking.push(mirror());
        if (changes >= killAt) kill.abort(new CadanganError('aborted'));
      };
      try {
        await stage.sync({ signal: kill.signal, onUploaded: onChange, onTrashed: onChange });
      } catch (error) {
        if (!isAbort(error) && !isCode(error, 'drive.unavailable', 'drive.altered', 'drive.signed-out')) throw error;
      }
      await Promise.all(looking);
      stage.emulator.faults.clear();
    }
    let repositories = 0;
    for (const target of mirrors) if (await checkByRestic(target)) repositories += 1;
    assert.ok(repositories > momentsWanted / 2, `${repositories} of ${mirrors.length}, seed ${seed}`);
    await syncPatiently(stage, seed);
    stage.assertWhole();
  },
);

/** A run that gave up is begun anew, as the schedule would, with the journal that it left. */
async function syncPatiently(stage: OffsiteStage, seed: number): Promise<void> {
  for (let runs = 1; ; runs++) {
    try {
      const { lag } = await stage.sync();
      if (lag.files === 0) return;
    } catch (error) {
      if (!isCode(error, 'drive.unavailable', 'drive.altered', 'drive.not-found', 'drive.signed-out') || runs >= 4)
        throw new Error(`seed ${seed}, run ${runs}`, { cause: error });
    }
  }
}

/** Names that were ever stored more than once, the trash counted. */
function storedTwice(stage: OffsiteStage): string[] {
  const paths = stage.person
    .files()
    .filter(({ mimeType }) => !mimeType.includes('folder'))
    .map(({ id }) => stage.person.pathOf(id))
    .filter((path) => path.startsWith(copyPath));
  return paths.filter((path, at) => paths.indexOf(path) !== at);
}
