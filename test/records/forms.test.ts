import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { formSentences } from '../../src/jobs/messages/record-sentences.ts';
import { currentLanguage, l10n } from '../../src/platform/index.ts';
import {
  formHtml,
  formPdf,
  makeReport,
  reportCsv,
  reportForm,
  verifyHistory,
  type Form,
  type HistoryRecord,
  type Report,
} from '../../src/records/index.ts';
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
  const { history } = month;
  const publicKey = await history.publicKey();
  return reportForm(of, {
    language,
    software: 'cadangan 0.1.0',
    host: 'srv-01',
    publicKey,
    verification: await verifyHistory(history.folder, { publicKey }),
    sentences: formSentences,
  });
}

/** What the form says, one line a row; hashes differ from machine to machine. */
function textOf({ title, subtitle, organisation, header, pageLabel, pageText, blocks, footer }: Form): string {
  const lines = [
    organisation,
    title,
    subtitle,
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
