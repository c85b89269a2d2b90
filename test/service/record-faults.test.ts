// What somebody did to the files behind the program's back stands in the list of records, at its place.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { HostError } from '../../src/host/index.ts';
import { protocol } from '../../src/service/index.ts';
import { systemClock, systemRandom } from '../../src/platform/index.ts';
import { RecordHistory, recordsFolder } from '../../src/records/index.ts';
import { EngineStage, until, type Window } from '../host/engine-stage.ts';

test('a forged record stands as such where the record stood, on its day, whatever the list is filtered by', async (t) => {
  const { window, change } = await tenDays(t);
  assert.deepEqual((await list(window)).faults, []);
  change((lines) => lines.with(6, lines[6]?.replace('"result":"stopped"', '"result":"success"') ?? ''));
  const {
    rows,
    faults: [fault, ...others],
  } = await untilFaulty(window);
  assert.deepEqual(
    [fault?.label, fault?.number, fault?.day, fault?.time, others],
    ['Record 7 is not what was written', 7, '2026-10-07', '21:00', []],
  );
  assert.match(fault?.text ?? '', /line 7: record 7 was changed: its content does not fit its hash/);
  assert.deepEqual(
    rows.filter(({ number, fault: own }) => number === 7 || own !== undefined),
    [],
    'it proves nothing, and the others are sound',
  );
  const labels = async (filter: Partial<protocol.RecordsParams>) => (await list(window, filter)).faults.map(({ label }) => label);
  assert.deepEqual(await labels({ from: '2026-10-07', to: '2026-10-07', kinds: ['drill'] }), ['Record 7 is not what was written']);
  assert.deepEqual(await labels({ from: '2026-10-08' }), []);
  await assert.rejects(
    window.client.request(protocol.readRecord, { number: 7 }),
    (error) => error instanceof HostError && error.code === 'record.not-found',
  );
  assert.equal((await window.client.request(protocol.recordsSummary, undefined)).chain, 'broken');
});

test('records that were taken out are missing between the others, and one that was cut off at the end is', async (t) => {
  const { window, change } = await tenDays(t);
  change((lines) => lines.toSpliced(4, 3).toSpliced(-2, 1));
  const { faults } = await untilFaulty(window);
  assert.deepEqual(
    faults.map(({ label, day }) => [label, day]),
    [
      ['Records 5 to 7 are missing', '2026-10-04'],
      ['Record 10 is missing', '2026-10-09'],
    ],
  );
});

test('a record whose forger knew how to hash it is shown as what it is, and so is its page', async (t) => {
  const { window, change } = await tenDays(t);
  change((lines) => lines.with(6, rehashed(lines[6]?.replace('"result":"stopped"', '"result":"success"') ?? '')));
  const row = async (number: number) => (await list(window)).rows.find((one) => one.number === number);
  await until(async () => (await row(7))?.fault !== undefined, 'the list tells of it');
  assert.deepEqual(
    [(await row(7))?.fault, (await row(8))?.fault, (await row(9))?.fault],
    ['Record 7 is not what was written', 'Record 8 does not follow from the one before', undefined],
  );
  const page = await window.client.request(protocol.readRecord, { number: 7 });
  assert.equal(page.fault, 'Record 7 is not what was written');
  assert.match(page.faults[0] ?? '', /record 7 was changed: its signature is wrong/);
});

test('what stands in a file and is no record has a place too, also when somebody put nothing else there', async (t) => {
  const { window, change } = await tenDays(t);
  change((lines) => lines.toSpliced(3, 0, 'rm -rf /'));
  assert.deepEqual(
    (await untilFaulty(window)).faults.map(({ label, day }) => [label, day]),
    [['Line 4 is not a record', '2026-10-03']],
  );
  change(() => ['']);
  await until(
    async () => (await list(window)).faults.some(({ label }) => label === 'Records 1 to 10 are missing'),
    'the list tells that it is empty',
  );
});

/**
 * Records 2 to 10: a check at 21:00 of that day of October each, good or stopped in turns. The review behind the first list has nothing to
 * open of them: a record of its own would come before what a test does to the files, in the middle of it, or behind.
 */
async function tenDays(
  t: TestContext,
): Promise<{ readonly window: Window; readonly change: (edit: (lines: string[]) => string[]) => void }> {
  const stage = new EngineStage(t);
  const history = new RecordHistory(stage.path('state'), { clock: systemClock, random: systemRandom, software: 'test' });
  await history.update(async ({ append }) => {
    for (let day = 2; day <= 10; day++) {
      const started = `2026-10-${String(day).padStart(2, '0')}T21:00:00Z`;
      await append({
        kind: 'check',
        host: 'srv-01',
        operator: { user: '', via: 'schedule' },
        software: 'test',
        started,
        ended: started,
        result: day % 2 === 0 ? 'success' : 'stopped',
      });
    }
  });
  const folder = recordsFolder(stage.path('state'));
  return { window: stage.window({ maySchedule: false }), change: (edit) => rewrite(folder, edit) };
}

/** At once, as the engine may be reading it: a file that is empty for a moment is another fault. */
function rewrite(folder: string, edit: (lines: string[]) => string[]): void {
  const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  writeFileSync(join(folder, 'forged'), edit(readFileSync(join(folder, file), 'utf8').split('\n')).join('\n'));
  renameSync(join(folder, 'forged'), join(folder, file));
}

function rehashed(line: string): string {
  const body = line.slice(0, line.lastIndexOf(',"hash":"'));
  return `${body},"hash":"${createHash('sha256').update(body).digest('hex')}"}`;
}

/** The chain is read behind the list. */
async function untilFaulty(window: Window): Promise<protocol.RecordsPage> {
  let page = await list(window);
  await until(async () => (page = await list(window)).faults.length > 0, 'the list tells of it');
  return page;
}

function list({ client }: Window, params: Partial<protocol.RecordsParams> = {}): Promise<protocol.RecordsPage> {
  return client.request(protocol.listRecords, { offset: 0, limit: 200, ...params });
}
