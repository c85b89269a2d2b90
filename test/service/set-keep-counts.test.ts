// The rule of a set, as a window changes it: counts alone, in the file that people write.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { HostError } from '../../src/host/index.ts';
import { keepCountsOf, withKeepCounts } from '../../src/service/set-keep-counts.ts';
import { protocol } from '../../src/service/index.ts';
import { EngineStage, type Window } from '../host/engine-stage.ts';

test('counts are told apart from what else a rule keeps', () => {
  assert.deepEqual(keepCountsOf({ keepDaily: 7, holdBack: { filesMin: 20 } }), { counts: { keepDaily: 7 }, hasMore: false });
  assert.deepEqual(keepCountsOf({ keepTags: ['year-end'] }), { counts: {}, hasMore: true });
});

test('without any rule left there is none: when a change is a sudden one keeps nothing', () => {
  assert.equal(withKeepCounts({ keepDaily: 7, holdBack: { filesMin: 20 } }, {}), undefined);
  assert.equal(withKeepCounts(undefined, {}), undefined);
  assert.deepEqual(withKeepCounts(undefined, { keepLast: 3 }), { keepLast: 3 });
});

test('a window changes the counts of a rule; comments and the rest of the rule stay', async (t) => {
  const { stage, client } = staged(t, '{ "keepDaily": 7, /* a year */ "keepMonthly": 12, "keepTags": ["year-end"] }');
  const [before] = await client.request(protocol.listSets, undefined);
  assert.deepEqual(before?.retention, { counts: { keepDaily: 7, keepMonthly: 12 }, hasMore: true });
  await client.request(protocol.changeRetention, { set: 'data', counts: { keepMonthly: 12, keepWeekly: 5 } });
  const text = readFileSync(stage.configFile, 'utf8');
  assert.match(text, /\/\/ of the company\n/);
  assert.match(text, /\/\* a year \*\//);
  assert.doesNotMatch(text, /keepDaily/);
  assert.match(text, /"keepTags": \["year-end"\]/);
  const [after] = await client.request(protocol.listSets, undefined);
  assert.deepEqual(after?.retention, { counts: { keepMonthly: 12, keepWeekly: 5 }, hasMore: true });
});

test('a rule without anything left is taken out of the file', async (t) => {
  const { stage, client } = staged(t, '{ "keepDaily": 7 }');
  await client.request(protocol.changeRetention, { set: 'data', counts: {} });
  assert.doesNotMatch(readFileSync(stage.configFile, 'utf8'), /retention/);
  assert.equal((await client.request(protocol.listSets, undefined))[0]?.retention, undefined);
});

test('a mistake that somebody has just made in the rule is not written over', async (t) => {
  const { stage, client } = staged(t, '{ "keepDaily": 7 }');
  await client.request(protocol.listSets, undefined);
  const broken = readFileSync(stage.configFile, 'utf8').replace('"keepDaily": 7', '"keepDaily": "seven"');
  writeFileSync(stage.configFile, broken);
  await assert.rejects(
    client.request(protocol.changeRetention, { set: 'data', counts: { keepDaily: 3 } }),
    (error: unknown) => error instanceof HostError && error.code === 'config.invalid' && error.data.facts['line'] === 4,
  );
  assert.equal(readFileSync(stage.configFile, 'utf8'), broken);
});

/** @param rule as it stands in the file */
function staged(t: TestContext, rule: string): { readonly stage: EngineStage; readonly client: Window['client'] } {
  const stage = new EngineStage(t);
  const [source, location] = [JSON.stringify(stage.source), JSON.stringify(stage.repository)];
  const set = `"name": "data", "sources": [${source}], "repository": { "location": ${location} }`;
  writeFileSync(
    stage.configFile,
    `{ "version": 1, "timeZone": "UTC",\n  // of the company\n  "sets": [{ ${set},\n    "retention": ${rule} }]\n}\n`,
  );
  return { stage, client: stage.window().client };
}
