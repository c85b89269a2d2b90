// Who may approve what: a period that has ended and lies in the history, one person in one part; and what forms say of it.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { approvePeriod, RecordKeeper, signerOf } from '../../src/jobs/index.ts';
import { allOf, makeReport, reportForm, verifyHistory, type Report } from '../../src/records/index.ts';
import type { Instruction } from '../../src/settings/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { someBackup, temporaryState } from '../records/some-records.ts';

const budi = { name: 'Budi Santoso', position: 'IT Officer' };
const agus = { name: 'H. Agus', position: 'Direktur' };
const october = { from: '2026-10-01', to: '2026-10-31' };

/** A history of backups, until 12 November 2026, in the zone of the company. */
async function makeHouse(
  t: TestContext,
  instruction: Instruction = { clauses: [] },
  backups: readonly string[] = ['2026-10-10T09:00:00+07:00', '2026-10-31T22:00:00+07:00'],
) {
  const clock = new VirtualClock({ startNs: nsOf(backups[0] ?? '') });
  const keeper = new RecordKeeper({
    stateFolder: temporaryState(t),
    clock,
    random: new SeededRandom(3),
    software: 'test',
    via: 'command-line',
    settings: () => ({ instruction, timeZone: 'Asia/Jakarta' }),
    onError: (error) => assert.fail(String(error)),
  });
  const backupAt = async (at: string) => {
    clock.setWallClock(nsOf(at));
    await keeper.history.append(someBackup(new SeededRandom(1), { started: at, ended: at, exceptions: [], exceptionCount: 0 }));
  };
  for (const at of backups) await backupAt(at);
  clock.setWallClock(nsOf('2026-11-12T08:00:00+07:00'));
  const report = async (): Promise<Report> =>
    makeReport(await allOf(keeper.history.records()), { period: october, timeZone: 'Asia/Jakarta', nowMs: keeper.nowMs });
  const form = async (): Promise<string> => {
    const verification = await verifyHistory(keeper.history.folder, {});
    const sentences = { reason: () => '', exception: () => '' };
    const made = reportForm(await report(), {
      language: 'en',
      software: '',
      host: '',
      publicKey: undefined,
      knowledge: { verification, witnesses: [], losses: [], unknown: [] },
      sentences,
    });
    return JSON.stringify(made.blocks.at(-1));
  };
  return { clock, keeper, report, form };
}

const nsOf = (at: string) => BigInt(Date.parse(at)) * 1_000_000n;
const refused = (reason: RegExp) => (error: unknown) => {
  assert.match(String(error), reason);
  return true;
};

test('a period that has not ended, or lies before the history, is approved by nobody', async (t) => {
  const { keeper, clock } = await makeHouse(t);
  const approve = (from: string, to: string) => approvePeriod(keeper, { act: 'approved', period: { from, to }, by: agus });
  await assert.rejects(approve('2026-11-01', '2026-11-30'), refused(/has not ended/));
  await assert.rejects(approve('2026-11-01', '2026-11-12'), refused(/has not ended/), 'today');
  await assert.rejects(approve('2026-09-01', '2026-09-30'), refused(/before the first record/));
  assert.equal((await approve('2026-10-01', '2026-10-31')).approval?.throughNumber, 3);
  // It is still the last of October in UTC.
  clock.setWallClock(nsOf('2026-11-01T06:00:00+07:00'));
  await approve('2026-10-31', '2026-10-31');
});

test('a history lies from its earliest record on, also where the clock was ahead when the first was written', async (t) => {
  const { keeper, clock } = await makeHouse(t, undefined, ['2026-10-20T09:00:00+07:00', '2026-10-10T09:00:00+07:00']);
  clock.setWallClock(nsOf('2026-11-12T08:00:00+07:00'));
  const approve = (day: string) => approvePeriod(keeper, { act: 'approved', period: { from: day, to: day }, by: agus });
  await approve('2026-10-10');
  await assert.rejects(approve('2026-10-09'), refused(/before the first record/));
});

test('one person has one part in a period, however the name is written, unless the instruction allows it', async (t) => {
  const { keeper } = await makeHouse(t);
  await approvePeriod(keeper, { act: 'checked', period: october, by: budi });
  const again = { act: 'approved', period: { from: '2026-10-20', to: '2026-10-31' }, by: { ...budi, name: ' budi  SANTOSO ' } } as const;
  await assert.rejects(approvePeriod(keeper, again), refused(/another part/));
  await approvePeriod(keeper, { act: 'checked', period: october, by: budi });
  await approvePeriod(keeper, { ...again, rejectedFor: 'a refusal is no signature' });
  const lenient = await makeHouse(t, { clauses: [], samePersonMaySignTwice: true });
  await approvePeriod(lenient.keeper, { act: 'checked', period: october, by: budi });
  await approvePeriod(lenient.keeper, again);
});

test('the form prints through which record, names later records of the period, a rejection and a partial approval', async (t) => {
  const { keeper, report, form } = await makeHouse(t);
  await approvePeriod(keeper, { act: 'prepared', period: october, by: budi });
  await approvePeriod(keeper, { act: 'checked', period: { from: '2026-10-01', to: '2026-10-15' }, by: agus });
  await keeper.history.append(
    someBackup(new SeededRandom(1), { started: '2026-10-30T22:00:00+07:00', ended: '2026-10-30T23:00:00+07:00' }),
  );
  const { approvals, partialApprovals, recordsAfterApproval } = await report();
  assert.deepEqual(
    [approvals.map(({ number }) => number), partialApprovals.map(({ number }) => number), [...recordsAfterApproval]],
    [[4], [5], [[4, [6]]]],
  );
  const text = await form();
  assert.match(text, /Record No\. 4, through No\. 3/);
  assert.match(text, /Records of the period that came later: No\. 6/);
  assert.match(text, /Only a part of the period","Checked: H\. Agus, 2026-10-01 – 2026-10-15, through No\. 4/);
  await approvePeriod(keeper, { act: 'prepared', period: october, by: budi, rejectedFor: 'record 6 is missing' });
  const rejected = await form();
  assert.match(rejected, /REJECTED, record No\. 7/);
  assert.match(rejected, /Rejected \(Prepared\): Budi Santoso, .*record 6 is missing/);
  assert.doesNotMatch(rejected, /Record No\. 4, through/);
  await approvePeriod(keeper, { act: 'prepared', period: october, by: budi });
  assert.match(await form(), /Record No\. 8, through No\. 7/);
});

test('persons come from the list of the instruction, with the position that stands there', () => {
  const named: Instruction = { clauses: [], persons: [{ name: 'Budi Santoso', position: 'IT Officer' }], approvedBy: agus };
  assert.deepEqual(signerOf(named, { name: 'budi santoso' }), budi);
  assert.deepEqual(signerOf(named, { name: 'H. Agus', position: 'Komisaris' }), agus);
  assert.throws(() => signerOf(named, { name: 'Somebody', position: 'Auditor' }), { code: 'arguments.invalid' });
  const open: Instruction = { clauses: [], approvedBy: agus };
  assert.deepEqual(signerOf(open, { name: 'H. Agus' }), agus);
  assert.deepEqual(signerOf(open, { name: ' Somebody ', position: 'Auditor' }), { name: 'Somebody', position: 'Auditor' });
  assert.throws(() => signerOf(open, { name: 'Somebody' }), { code: 'arguments.invalid' });
});
