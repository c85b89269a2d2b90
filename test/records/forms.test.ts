import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { recordFacts } from '../../src/jobs/messages/record-facts.ts';
import { formSentences } from '../../src/jobs/messages/record-sentences.ts';
import { currentLanguage, inLocale, l10n } from '../../src/platform/index.ts';
import {
  formHtml,
  formPdf,
  makeReport,
  reportCsv,
  reportForm,
  resultText,
  verifyHistory,
  type Form,
  type HistoryRecord,
  type Report,
} from '../../src/records/index.ts';
import { nightReasonText } from '../../src/records/forms/words.ts';
import { makeSampleMonth, sampleSettings, type SampleMonth } from './sample-month.ts';

const folder = mkdtempSync(join(tmpdir(), 'cadangan-forms-'));
let month: SampleMonth;
let report: Report;

before(async () => {
  month = await makeSampleMonth(join(folder, 'state'));
  report = await reportOf('2026-11-01', '2026-11-30');
});
after(() => rmSync(folder, { recursive: true, force: true }));

for (const language of ['en', 'id'] as const) {
  /** To take over a change that is meant: UPDATE_GOLDEN=1. */
  test(`the form of a month is the golden text, in ${language}`, async () => {
    const golden = new URL(`form-${language}.golden.txt`, import.meta.url);
    const text = textOf(await formOf(report, language));
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, 'utf8'));
    assert.deepEqual([currentLanguage(), l10n.t('Missed')], ['en', 'Missed'], 'the language of the program is untouched');
  });
}

test('the figures of a report are those that a count of the records gives', () => {
  const { records } = month;
  const nights = records.filter(({ kind, trigger }) => kind === 'internal-backup' && trigger === 'schedule');
  const good = nights.filter(({ result }) => result?.startsWith('success'));
  assert.deepEqual([report.totals.plannedWindows, report.totals.keptWindows], [60, good.length]);
  assert.equal(
    report.runs.length,
    records.filter(({ kind }) => ['internal-backup', 'external-backup', 'internal-restore', 'check', 'drill', 'missed-run'].includes(kind))
      .length,
  );
  const stored = records.filter(({ kind }) => kind === 'internal-backup').reduce((sum, { bytes }) => sum + (bytes?.['stored'] ?? 0), 0);
  assert.equal(report.totals.bytesStored, stored);
  const line = report.statistics.find(({ kind, set }) => kind === 'internal-backup' && set === 'akuntansi');
  assert.deepEqual([line?.planned, line?.kept, line?.runs, line?.success, line?.failed, line?.missed], [30, 28, 30, 29, 1, 1]);
  for (const { runs, success, exceptions, failed, stopped } of report.statistics)
    assert.equal(runs, success + exceptions + failed + stopped);
});

test('the numbers of records are names and no quantities: no separator stands in them, in no language', async () => {
  const later = (number: number) => number + 1230;
  const records = month.records.map((record): HistoryRecord => {
    const { nonconformity } = record;
    const shown = nonconformity?.records && { nonconformity: { ...nonconformity, records: nonconformity.records.map(later) } };
    return { ...record, ...shown, number: later(record.number) };
  });
  const changed = await makeReport(records, { ...sampleSettings, period: { from: '2026-11-01', to: '2026-11-30' }, nowMs: month.nowMs });
  for (const language of ['en', 'id'] as const) {
    const text = textOf(await formOf(changed, language));
    assert.match(text, /No\. 1233 \S+ 13\d\d/);
    assert.doesNotMatch(text, /\b1[.,][23]\d\d\b/, language);
    const [record] = records;
    assert.ok(record);
    assert.equal((await inLocale({ language }, async () => recordFacts(record)))[0]?.value, '1231');
  }
});

test('what was refused, ended by a crash, or not compressed is called so', async () => {
  const [on, ...others] = month.records.filter(({ kind }) => kind === 'internal-backup').slice(3);
  const lost = others[0];
  const event = month.records.findLast(({ kind }) => kind === 'configuration-change');
  const records = month.records.map((record): HistoryRecord => {
    if (record === on) return { ...record, evidence: { compression: 'off' } };
    if (record === lost) return { ...record, result: 'stopped', reason: { code: 'host.lost', facts: {} } };
    if (record !== event) return record;
    const { change: _change, ...signIn } = record;
    const reason = { code: 'drive.wrong-account', facts: { account: 'budi@gmail.com', designatedAccount: 'backup@contoh.co.id' } };
    return { ...signIn, kind: 'sign-in', result: 'failed', destination: { account: 'budi@gmail.com' }, reason };
  });
  const changed = await makeReport(records, { ...sampleSettings, period: { from: '2026-11-01', to: '2026-11-30' }, nowMs: month.nowMs });
  const english = textOf(await formOf(changed, 'en'));
  const indonesian = textOf(await formOf(changed, 'id'));
  assert.match(english, new RegExp(`^${on?.number} .*Successful. Without compression$`, 'm'));
  assert.match(english, new RegExp(`^${lost?.number} .*Interrupted`, 'm'));
  assert.match(english, new RegExp(`^${event?.number} .*Sign-in .* budi@gmail.com: Refused: signed in as .*backup@contoh.co.id`, 'm'));
  assert.match(indonesian, new RegExp(`^${on?.number} .*Berhasil. Tanpa kompresi$`, 'm'));
  assert.match(indonesian, new RegExp(`^${lost?.number} .*Terputus`, 'm'));
  assert.match(indonesian, new RegExp(`^${event?.number} .*budi@gmail.com: Ditolak: `, 'm'));
  assert.match(reportCsv(changed, 'en', formSentences), /,Successful,Without compression,/);
  const words = (kind: HistoryRecord['kind'], result: 'failed' | 'stopped', code: string): string =>
    resultText({ kind, result, reason: { code, facts: {} } });
  assert.deepEqual(
    [
      words('sign-in', 'failed', 'drive.wrong-account'),
      words('refusal', 'failed', 'rights.denied'),
      words('sign-in', 'failed', 'drive.unavailable'),
      words('check', 'stopped', 'host.lost'),
      words('check', 'stopped', 'aborted'),
    ],
    ['Refused', 'Refused', 'Failed', 'Interrupted', 'Stopped'],
  );
});

test('what a record has as evidence and counts is named in words, never by its key in the file', async () => {
  const evidence = { notStored: ['a'], chosen: ['b'], snapshotTime: '2026-11-23T21:00:00+07:00', socketsSkipped: 1, headsCompared: 2 };
  const counts = { filesTotal: 1, dataBlobs: 2, treeBlobs: 3 };
  const record = { ...month.records[2]!, evidence, counts, change: { what: 'key-added', after: 'ab' } };
  for (const language of ['en', 'id'] as const) {
    const facts = await inLocale({ language }, async () => recordFacts(record));
    assert.deepEqual(
      facts.filter(({ label, value }) => /[a-z][A-Z]/.test(label) || value === 'key-added'),
      [],
    );
    const labels = facts.map(({ label, value }) => `${label}=${value}`);
    assert.ok(labels.includes(language === 'id' ? 'Bukti: tidak disimpan=a' : 'Evidence: not stored=a'));
    assert.ok(labels.includes(language === 'id' ? 'Isi=kunci ditambahkan' : 'What=key added'));
  }
});

test('a report names the programs of a run that failed, with what they said last', async () => {
  const programs = [
    { when: 'before', program: 'dump', seconds: 1, failure: 'exit code 3', output: 'connecting\nno database\n' },
    { when: 'after', program: 'notify', seconds: 1, output: 'sent\n' },
  ] as const;
  const records = month.records.map((record): HistoryRecord => (record.number === 17 ? { ...record, programs } : record));
  const changed = await makeReport(records, { ...sampleSettings, period: { from: '2026-11-01', to: '2026-11-30' }, nowMs: month.nowMs });
  assert.match(textOf(await formOf(changed, 'en')), /dump .*the program that runs before it failed \(exit code 3\): no database/);
  assert.match(textOf(await formOf(changed, 'id')), /dump .*program yang dijalankan sebelumnya gagal \(kode keluar 3\): no database/);
  assert.doesNotMatch(textOf(await formOf(changed, 'en')), /notify/);
});

test('the days of a report are those of its time zone', async () => {
  const night = await reportOf('2026-11-14', '2026-11-14');
  assert.deepEqual(
    night.runs.filter(({ kind }) => kind === 'internal-backup').map(({ set, result }) => [set, result]),
    [
      ['akuntansi', 'failed'],
      ['proyek', 'success'],
    ],
  );
  assert.deepEqual(
    night.nonconformities.map(({ id, subject }) => [id, subject]),
    [['NC-0001', 'missed-night:akuntansi:2026-11-14']],
  );
  // 21:00 in Jakarta is 03:00 of the next day in Auckland.
  const other = await makeReport(month.records, {
    ...sampleSettings,
    timeZone: 'Pacific/Auckland',
    period: { from: '2026-11-15', to: '2026-11-15' },
    nowMs: month.nowMs,
  });
  assert.ok(other.runs.some(({ result, set }) => result === 'failed' && set === 'akuntansi'));
  const empty = await reportOf('2020-01-01', '2020-01-31');
  assert.deepEqual([empty.runs, empty.firstNumber, empty.totals.runs], [[], undefined, 0]);
  assert.match(textOf(await formOf(empty, 'id')), /tidak ada dalam periode ini/);
});

test('HTML has everything that the form has, loads nothing, and keeps hostile names harmless', async () => {
  const hostile = '/srv/<script>alert(1)</script>"\u202egpj.exe';
  const records = month.records.map((record): HistoryRecord =>
    record.number === 17 ? { ...record, exceptions: [{ item: hostile, kind: 'unreadable', reason: 'EIO' }], exceptionCount: 1 } : record,
  );
  const form = await formOf(
    await makeReport(records, {
      ...sampleSettings,
      period: { from: '2026-11-04', to: '2026-11-04' },
      planned: month.planned,
      nowMs: month.nowMs,
    }),
    'en',
  );
  const html = formHtml(form);
  assert.ok(!html.includes('<script>') && !html.includes('\u202e'));
  assert.ok(html.includes('/srv/&#60;script&#62;'));
  assert.ok(!/(?:src|href)=/.test(html));
  assert.match(html, /default-src 'none'/);
  for (const text of ['PT Contoh Sejahtera', 'FR-IT-007', 'Prepared by', 'Rina Wulandari', 'Direktur'])
    assert.ok(html.includes(text), text);
});

test('CSV has a line for every run, with the separators of the language, and no formula', () => {
  const [english, indonesian] = [reportCsv(report, 'en', formSentences), reportCsv(report, 'id', formSentences)];
  for (const [text, separator, title] of [
    [english, ',', 'Planned start'],
    [indonesian, ';', 'Rencana mulai'],
  ] as const) {
    const lines = text.replace('\ufeff', '').split('\r\n').slice(0, -1);
    assert.equal(lines.length, report.runs.length + 1);
    assert.ok(lines[0]?.split(separator).includes(title));
    assert.ok(lines[1]?.includes('2026-11-01 21:00:'));
  }
  const [run] = report.runs;
  const hostile = reportCsv(
    { ...report, runs: [{ ...run!, set: '=cmd|"/c calc"!A1', operator: { user: '@x', via: 'editor' } }] },
    'en',
    formSentences,
  );
  assert.ok(hostile.includes(`"'=cmd|""/c calc""!A1"`) && hostile.includes("'@x"));
});

test('PDF has pages with our own fonts in it, and carries the time at which it was made', async () => {
  const form = await formOf(report, 'id');
  const pdf = await formPdf(form);
  assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
  const text = pdf.toString('latin1');
  assert.ok((text.match(/\/Type \/Page\b/g)?.length ?? 0) >= 5);
  assert.ok(text.includes('/FontFile2'));
  assert.ok(text.includes('(D:20261201'));
});

async function reportOf(from: string, to: string): Promise<Report> {
  return makeReport(month.records, { ...sampleSettings, period: { from, to }, planned: month.planned, nowMs: month.nowMs });
}

async function formOf(of: Report, language: 'en' | 'id'): Promise<Form> {
  const { history, records } = month;
  const publicKey = await history.publicKey();
  const { number, hash } = records[119]!;
  const { chain } = (await history.head())!;
  const anchor = { chain, number, hash, keptIn: 'snapshot', owner: 'backup@srv-01', snapshotId: '1a2b3c4d'.repeat(8) };
  const verification = await verifyHistory(history.folder, { publicKey, anchors: [anchor] });
  const atMs = month.nowMs;
  const witnesses = [
    { location: '/mnt/backup/repository', atMs, heads: verification.heads.filter((head) => head.anchor === anchor) },
    { location: 'gdrive:Cadangan/srv-01', atMs, heads: [], reason: { code: 'drive.signed-out', facts: {} } },
  ];
  return reportForm(of, {
    language,
    software: 'cadangan 0.1.0',
    host: 'srv-01',
    publicKey,
    knowledge: { verification, witnesses, losses: [], unknown: [] },
    sentences: formSentences,
  });
}

/** What the form says, one line a row; hashes differ from machine to machine. */
function textOf({ title, subtitle, classification, organisation, header, pageLabel, pageText, blocks, footer }: Form): string {
  const lines = [
    organisation,
    title,
    subtitle,
    classification,
    ...header.map((fact) => fact.join(': ')),
    `${pageLabel}: ${pageText(1, 7)}`,
    ...blocks.flatMap(blockLines),
    footer,
  ];
  return `${lines.join('\n')}\n`.replaceAll(/[0-9a-f]{64}/g, '<hash>').replaceAll(/Ed25519 [A-Za-z0-9+/]{43}=/g, 'Ed25519 <key>');
}

function blockLines(block: Form['blocks'][number]): string[] {
  switch (block.kind) {
    case 'heading':
      return ['', `# ${block.text}`];
    case 'text':
      return [block.text];
    case 'together':
      return block.blocks.flatMap(blockLines);
    case 'facts':
      return block.facts.map((fact) => fact.join(': '));
    case 'table':
      return block.rows.length === 0
        ? [block.empty]
        : [block.columns.map(({ title }) => title).join(' | '), ...block.rows.map((row) => row.map(({ text }) => text).join(' | '))];
    case 'signatures':
      return block.boxes.map(
        ({ title, name, position, signature, date }) =>
          `[${title}] ${block.labels.name}: ${name}; ${block.labels.position}: ${position}; ${block.labels.signature}: ${signature}; ${block.labels.date}: ${date}`,
      );
  }
}

test('a night that was lost to a file that another program held has its reason in the form', () => {
  assert.equal(nightReasonText('file.in-use'), 'another program held a file that it needed');
});

test('what is counted of a copy is called what it is wherever the copy lies', async () => {
  const counts = { filesUnconfirmed: 1, filesChecked: 2, snapshotsBrought: 3 };
  const record = { ...month.records[2]!, counts, bytes: { checked: 4 } };
  const labels = (await inLocale({ language: 'en' }, async () => recordFacts(record))).map(({ label }) => label);
  assert.deepEqual(
    labels.filter((label) => label.includes('checksum')),
    [],
  );
  for (const wanted of [
    'Files of which only the size is known',
    'Files compared',
    'Data compared',
    'New snapshots, of backups and records',
  ])
    assert.ok(labels.includes(wanted), wanted);
});
