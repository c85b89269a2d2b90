import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { isCode, type CadanganError } from '../../src/platform/index.ts';
import { readNamed } from '../../src/repository/index.ts';
import { DriveStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { anyTrouble, UnfriendlyWay } from '../google/unfriendly-way.ts';
import { needs } from '../needs.ts';
import { seedsOf } from '../rounds.ts';
import { copyPath, OffsiteStage } from './offsite-stage.ts';

const piece = 256 * 1024;

/** What may end one run; the next goes on. Nothing of it says more than that the way is bad. */
const passing = ['drive.unavailable', 'drive.altered'] as const satisfies readonly CadanganError['code'][];

test(
  'over a way that drops, cuts, loses, delays, forges and flips, the copy ends whole, once, and restic reads every byte',
  {
    ...needs('restic'),
    timeout: 600_000,
  },
  async () => {
    for (const seed of seedsOf({ sample: 3, long: 40 })) {
      await using way = await UnfriendlyWay.open();
      const random = new SeededRandom(seed);
      await using stage = await OffsiteStage.open(seed, {
        client: {
          endpoints: way.endpoints,
          pieceSizes: { firstBytes: piece, bytesMax: piece },
          idleMsMax: 2_000,
          patience: { firstWaitMsMax: 2, waitMsMax: 20, transientTries: 6 },
        },
      });
      way.target = stage.emulator.url;
      const story = (): string => `seed ${seed}\n${way.happened.slice(-30).join('\n')}`;
      way.trouble = () => (random.chance(0.25) ? anyTrouble(random) : undefined);
      for (let round = 0; round < 3; round++) {
        await stage.backup(3, round === 0 ? 700_000 : 60_000);
        if (round === 2) await stage.prune();
        await syncUntilWhole(stage, story);
      }
      assert.ok(way.happened.length > 20, story());
      stage.assertWhole();
      assert.equal(new Set(stage.copyFiles).size, stage.copyFiles.length, `nothing lies there twice, ${story()}`);
      await stage.checkByRestic();

      // Whoever reads it over the same way gets the right bytes, or can tell by the name that they are not.
      await using storage = disposable(new DriveStorage(stage.drive.another(), copyPath));
      for (const kind of ['keys', 'index', 'snapshots'] as const) {
        for (const { name } of await patiently(() => storage.value.list(kind, neverAborted))) {
          const bytes = Buffer.from(await patiently(() => readNamed(storage.value, { kind, name }, neverAborted)));
          const isRight = bytes.equals(await stage.source.read({ kind, name }, neverAborted));
          assert.equal(hash('sha256', bytes, 'hex') === name, isRight, story());
        }
      }
    }
  },
);

async function syncUntilWhole(stage: OffsiteStage, story: () => string): Promise<void> {
  for (let runs = 1; ; runs++) {
    try {
      const { lag, heldBackFiles } = await stage.sync();
      if (lag.files === 0 && heldBackFiles === 0) return;
    } catch (error) {
      if (!isCode(error, ...passing)) throw new Error(`run ${runs}, ${story()}`, { cause: error });
    }
    assert.ok(runs < 30, story());
  }
}

async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!isCode(error, 'storage.unreachable') || tries > 20) throw error;
    }
  }
}

function disposable<T extends { close(): Promise<void> }>(value: T): AsyncDisposable & { readonly value: T } {
  return { value, [Symbol.asyncDispose]: () => value.close() };
}
