import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { temporaryState } from '../records/some-records.ts';
import { seedsOf } from '../rounds.ts';
import { AlertStage, byDesktop, Died } from './alert-stage.ts';

/** Something fails, in a way that nothing else does: so each has to be told, once. */
async function trouble(stage: AlertStage, number: number): Promise<string> {
  await stage.backup(`set-${number}`, 'failed');
  return `Failed – Internal backup: set-${number}`;
}

for (const seed of seedsOf({ sample: 20, long: 500 }))
  test(`no alert is lost or doubled by a crash at any write, or between the sending and the note of it (seed ${seed})`, async (t) => {
    const random = new SeededRandom(seed);
    const stage = new AlertStage(temporaryState(t), { receivers: [byDesktop('a'), byDesktop('b', { by: 'teams', addressFile: '/x' })] });
    await stage.append({ kind: 'approval' });
    await stage.look();
    const expected: string[] = [];
    for (let night = 0; night < 6; night += 1) {
      if (random.chance(0.5))
        stage.store.dies = { at: stage.store.writes + random.below(8), when: random.chance(0.5) ? 'before' : 'after' };
      if (random.chance(0.3)) stage.diesAfterSending = stage.sent.length + 1 + random.below(2);
      stage.down = random.chance(0.3) ? new Set(['b']) : new Set();
      for (let count = 1 + random.below(3); count > 0; count -= 1) expected.push(await trouble(stage, expected.length));
      await livedThrough(stage, random);
    }
    stage.down = new Set();
    // A death that the last night did not come to is not this time's.
    stage.store.dies = undefined;
    stage.diesAfterSending = undefined;
    stage.restart();
    await stage.live(4 * 3_600_000, 600_000);
    for (const receiver of ['a', 'b']) {
      const mine = stage.sent.filter((one) => one.receiver === receiver);
      const doubled = mine.length - new Set(mine.map((one) => one.message.id)).size;
      assert.ok(doubled <= stage.deaths, `${doubled} of ${stage.deaths}: only a crash doubles`);
      const once = new Map(mine.map((one) => [one.message.id, JSON.stringify(one.message)]));
      for (const { message } of mine) assert.equal(once.get(message.id), JSON.stringify(message), 'what has the same id says the same');
      const told = [...once.values()].flatMap((text) =>
        (JSON.parse(text) as { sections: { title: string }[] }).sections.map(({ title }) => title),
      );
      assert.deepEqual(told.filter((title) => title.startsWith('Failed')).toSorted(), expected.toSorted(), `${receiver}, seed ${seed}`);
    }
  });

/** Until the process dies or some hours have passed. */
async function livedThrough(stage: AlertStage, random: SeededRandom): Promise<void> {
  try {
    await stage.live(3_600_000 + random.below(7_200_000), 300_000);
  } catch (error) {
    if (!(error instanceof Died) && !stage.store.isDead) throw error;
  }
  if (stage.store.isDead || random.chance(0.3)) {
    stage.diesAfterSending = undefined;
    stage.restart();
  }
}
