import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { test } from 'node:test';
import { formSentences } from '../../src/jobs/messages/record-sentences.ts';
import { fontLetters, printable } from '../../src/records/forms/font-letters.ts';
import {
  exceptionsCsv,
  formHtml,
  formPdf,
  makeReport,
  reportCsv,
  reportForm,
  type ChainKnowledge,
  type Form,
  type FormLogo,
  type HistoryRecord,
  type Report,
} from '../../src/records/index.ts';
import { longOrganisation, periodSettings, samplePeriods, type SamplePeriod } from './sample-periods.ts';

const [good, bad, empty, year] = samplePeriods();
assert.ok(good && bad && empty && year);

/** To look at them: FORMS_FOLDER=/some/folder, then `pdftoppm -png`. */
for (const period of samplePeriods())
  for (const language of ['en', 'id'] as const)
    test(`the form of a period like "${period.name}" can be made as PDF/A and HTML, in ${language}`, async () => {
      const form = await formOf(period, language);
      const pdf = await formPdf(form);
      const text = pdf.toString('latin1');
      assert.match(text, /<pdfaid:part>2<\/pdfaid:part>\s*<pdfaid:conformance>B<\/pdfaid:conformance>/);
      assert.match(text, /\/OutputIntents/);
      assert.equal(text.match(/\/BaseFont/g)?.length, 4, 'two fonts, each with its descendant');
      assert.equal(text.match(/\/FontFile2/g)?.length, 2, 'both embedded');
      const folder = process.env['FORMS_FOLDER'];
      if (folder === undefined) return;
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${period.name}-${language}.pdf`), pdf);
      writeFileSync(join(folder, `${period.name}-${language}.html`), formHtml(form));
    });

test('a form says what a company files: kind of record, effective date, revisions with the reason for their issue', async () => {
  const form = await formOf(good, 'id');
  assert.equal(form.classification, 'Rekaman Mutu dan K3L');
  assert.deepEqual(form.header[2], ['Tanggal berlaku', '5 Januari 2026']);
  assert.equal(form.title, 'Laporan Cadangan (Backup) dan Pemulihan (Restore) Data');
  assert.deepEqual(rowsUnder(form, 'Riwayat revisi instruksi kerja'), [
    'Revisi | Tanggal berlaku | Alasan diterbitkan',
    '00 | 1 April 2014 | Terbitan pertama',
    '01 | 6 Januari 2018 | Penyesuaian dengan ISO 9001:2015 dan ISO 14001:2015',
    '02 | 7 Desember 2022 | Penyesuaian dengan ISO 45001:2018; akun Google Drive perusahaan',
  ]);
  for (const text of ['Rekaman Mutu dan K3L', 'Tanggal berlaku', 'Alasan diterbitkan']) assert.ok(formHtml(form).includes(text), text);
});

test('every run names the row of its source, destination, account, operator and host', async () => {
  const form = await formOf(bad, 'en');
  const runs = rowsUnder(form, 'Runs').map((row) => row.split(' | '));
  const places = rowsUnder(form, 'Source, destination, account, operator and host of the runs').map((row) => row.split(' | '));
  assert.deepEqual(
    places.map((row) => row.slice(0, 6)),
    [
      ['Places', 'Source', 'Destination', 'Account', 'Operator', 'Host'],
      ['P1', 'srv-01: /srv/akuntansi', '/mnt/backup/repository', '–', 'cadangan', 'srv-01'],
      ['P2', '/mnt/backup/repository', 'gdrive:Cadangan/srv-01', 'backup@contoh.example', 'cadangan', 'srv-01'],
      ['P3', 'srv-01: /srv/项目资料', '/mnt/backup/repository', '–', 'cadangan', 'srv-01'],
      ['P4', '/mnt/backup/repository', 'srv-01', '–', 'Budi Santoso, IT Officer (budi)', 'srv-01'],
      ['P5', '/mnt/backup/repository', 'srv-01: /srv/pulih/laporan-oktober', '–', 'Budi Santoso, IT Officer (budi)', 'srv-01'],
    ],
  );
  const at = runs[0]?.indexOf('Places') ?? -1;
  for (const [number = '', ...cells] of runs.slice(1)) {
    const place = places.find(([key]) => key === cells[at - 1]);
    assert.ok(place, number);
    const named = (place[6] ?? '').split(', ').map((part) => part.split(' – ').map(Number));
    assert.ok(
      named.some(([first = 0, last = first]) => Number(number) >= first && Number(number) <= last),
      number,
    );
  }
});

test('of a year, a row of places is no page long', async () => {
  const [, first = '', second = ''] = rowsUnder(await formOf(year, 'id'), 'Sumber, tujuan, akun, operator, dan host pelaksanaan');
  assert.match(first, /\| 400 rekaman, dari No\. 2 s\.d\. \d+$/);
  assert.match(second, /\| 396 rekaman, dari No\. 3 s\.d\. \d+$/);
});

test('a set of many sources, and a restore of many files, go on in rows below, so that each row fits on a page', async () => {
  const paths = Array.from({ length: 120 }, (_, at) => `/srv/data/${String(at).padStart(3, '0')}`);
  const records = good.records.map((record): HistoryRecord => {
    if (record.kind === 'internal-backup') return { ...record, source: { host: 'srv-01', paths } };
    return record.kind === 'internal-restore' ? { ...record, evidence: { ...record.evidence, chosen: paths } } : record;
  });
  const form = await formOf({ ...good, records }, 'en');
  for (const [heading, at] of [
    ['Source, destination, account, operator and host of the runs', 1],
    ['Restores', 2],
  ] as const) {
    const cells = rowsUnder(form, heading).map((row) => row.split(' | ')[at] ?? '');
    assert.ok(Math.max(...cells.map(({ length }) => length)) <= 400);
    assert.ok(cells.join('').includes(paths.join(', ')), 'nothing is left out');
  }
});

test('restores are told with date, place and request; drills with place, time against the objective and tester', async () => {
  const english = await formOf(bad, 'en');
  assert.deepEqual(rowsUnder(english, 'Restores').slice(1), [
    '14 | 15/11/2026 09:00 | /srv/akuntansi/laporan/2026-10 | 14/11/2026 21:00 | /mnt/backup/repository | ' +
      'srv-01: /srv/pulih/laporan-oktober | Budi Santoso, IT Officer (budi) | Bagian Keuangan: berkas terhapus | Completed with 0 exceptions',
  ]);
  assert.deepEqual(rowsUnder(english, 'Restore drills').slice(1), [
    '7 | 12/11/2026 09:00 | /mnt/backup/repository | srv-01 | 11/11/2026 21:00 | 20 | 2.0 GiB | 412.3 of 240 min: EXCEEDED | ' +
      'Budi Santoso, IT Officer (budi) | Failed. NC-0001',
  ]);
  assert.match(rowsUnder(await formOf(good, 'id'), 'Uji pemulihan (restore)')[1] ?? '', /17,5 dari 240 mnt: tercapai \| Budi Santoso/);
  assert.deepEqual(rowsUnder(await formOf(empty, 'id'), 'Uji pemulihan (restore)'), [
    'Tidak ada uji pemulihan (restore) dalam periode ini.',
  ]);
});

test('nonconformities stand with their owner, also when they are closed', async () => {
  const form = await formOf(bad, 'en');
  const [, open = '', closed = ''] = rowsUnder(form, 'Nonconformities');
  assert.match(open, /^NC-0001 .* \| 6 – 8 \| Budi Santoso, IT Officer; was due on 25 November 2026 \| – \| – \| Still open$/);
  assert.match(
    closed,
    /^NC-0002 .* \| Budi Santoso, IT Officer; due on 25 November 2026 \| Kunci rusak \| .* \| 17\/11\/2026, Budi Santoso/,
  );
  const facts = new Map(form.blocks.flatMap((block) => (block.kind === 'facts' ? block.facts : [])));
  assert.deepEqual([facts.get('Open nonconformities'), facts.get('Nonconformities closed or withdrawn')], ['1', '1']);
});

test('exceptions beyond 50 stand in an annex, beyond that in a file that has all', async () => {
  const report = await reportOf(bad);
  const form = await formOf(bad, 'en');
  const chapter = rowsUnder(form, 'Exceptions');
  assert.equal(chapter.length, 1 + 50 + 1);
  assert.equal(chapter.at(-1), 'These are 50 of 1,201 lines; the annex has the others.');
  const annex = rowsUnder(form, 'Annex: further exceptions');
  assert.equal(annex.length, 1 + 1000 + 1);
  assert.match(annex[1] ?? '', /0050-gambar-kerja/);
  assert.equal(annex.at(-1), '151 more lines stand in the file of exceptions (CSV), which the audit pack has, too.');
  const csv = exceptionsCsv(report, 'en', formSentences).trimEnd().split('\r\n');
  assert.equal(csv.length, 1 + 1_201);
  assert.match(csv[1] ?? '', /^30,2026-11-22,Internal backup,项目资料,\/srv\/项目资料\/.*0000-gambar-kerja.*,cannot be read/);
  assert.match(csv.at(-1) ?? '', /300 more, which the record counts and does not name/);
  assert.equal(rowsUnder(await formOf(good, 'en'), 'Annex: further exceptions').length, 0);
});

test('days before the history, and days that are still to come, are said to be so', async () => {
  const factsOf = (form: Form) => new Map(form.blocks.flatMap((block) => (block.kind === 'facts' ? block.facts : [])));
  assert.equal(
    factsOf(await formOf(bad, 'en')).get('Days without records'),
    '1 November 2026 to 8 November 2026: before the history began, on 9 November 2026. Nothing is known of these days; they are counted nowhere',
  );
  assert.match(
    factsOf(await formOf(empty, 'id')).get('Hari tanpa rekaman') ?? '',
    /^1 Februari 2026 s\.d\. 28 Februari 2026: sebelum riwayat/,
  );
  assert.equal(factsOf(await formOf(good, 'en')).has('Days without records'), false);
  assert.equal(factsOf(await formOf(good, 'en')).has('The period has not ended'), false);
  const early = { ...good, nowMs: Date.parse('2026-11-20T05:00:00Z') };
  assert.match(factsOf(await formOf(early, 'en')).get('The period has not ended') ?? '', /as it stood on 20 November 2026/);
  const later = { ...bad, records: bad.records.slice(9) };
  assert.match(
    factsOf(await formOf(later, 'en')).get('Days without records') ?? '',
    /records before No\. 10 of 1\d November 2026 were disposed of/,
  );
});

test('the CSV has source, destination, account, operator, host and recovery time of each run', async () => {
  const [head = '', ...lines] = reportCsv(await reportOf(good), 'en', formSentences)
    .trimEnd()
    .split('\r\n');
  assert.match(head, /,Destination,On request of,Source,Account,Host,"RTO in minutes, measured","RTO in minutes, wanted"$/);
  assert.match(lines[0] ?? '', /,\/mnt\/backup\/repository,,srv-01: \/srv\/akuntansi,,srv-01,,$/);
  assert.match(lines[1] ?? '', /,gdrive:Cadangan\/srv-01,,\/mnt\/backup\/repository,backup@contoh\.example,srv-01,,$/);
  assert.ok(lines.some((line) => line.endsWith(',srv-01,17.5,240')));
  assert.match(reportCsv(await reportOf(good), 'id', formSentences), /;Data dalam byte;/);
});

test('a letter that the fonts do not have is written out, never a box', async () => {
  const has = await fontLetters();
  assert.equal(printable('项目 é “Š” – €', has), '[U+9879][U+76EE] é “Š” – €');
  assert.equal(printable('\ud83d\ude00\u202egnp\u0000\ud800', has), '[U+1F600][U+202E]gnp[U+0000][U+D800]');
  assert.equal(printable('21.00\u202fWIB', has), '21.00\u00a0WIB');
});

test('an organisation with a long name, or one in letters that are written out, leaves the pages below their header', async () => {
  const form = await formOf(bad, 'en');
  assert.equal(form.organisation, longOrganisation);
  for (const [organisation, linesMin] of [
    [longOrganisation, 4],
    ['W'.repeat(200), 8],
    ['株式会社'.repeat(20), 10],
  ] as const) {
    const places = textPlacesOf(await formPdf({ ...form, organisation, blocks: form.blocks.slice(0, 1) }));
    const name = places.filter(({ x, y }) => x > 44 && x < 46 && y > 100);
    const content = places.filter(({ x, y }) => x < 40 && y > 100);
    assert.ok(name.length >= linesMin, `${organisation.slice(0, 8)}: ${name.length} lines`);
    assert.ok(Math.min(...name.map(({ y }) => y)) > Math.max(...content.map(({ y }) => y)), `${organisation.slice(0, 8)}: apart`);
  }
});

test('the logo stands in PDF and HTML; one that cannot be read is said to be so', async () => {
  const bytes = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
  const form = await formOf(good, 'en', { mediaType: 'image/png', bytes });
  assert.match(formHtml(form), /img-src data:.*<img alt="" src="data:image\/png;base64,iVBOR/s);
  assert.match((await formPdf(form)).toString('latin1'), /\/Subtype \/Image/);
  const without = await formOf(good, 'id', { unusable: '/etc/logo.png' });
  assert.doesNotMatch(formHtml(without), /<img|img-src/);
  assert.match(formHtml(without), /\/etc\/logo\.png bukan gambar/);
});

async function reportOf({ records, period, organisation, nowMs }: SamplePeriod): Promise<Report> {
  return makeReport(records, { ...periodSettings, organisation: organisation === '' ? undefined : organisation, period, nowMs });
}

async function formOf(period: SamplePeriod, language: 'en' | 'id', logo?: FormLogo): Promise<Form> {
  return reportForm(await reportOf(period), {
    language,
    software: 'cadangan 0.1.0',
    host: 'srv-01',
    publicKey: undefined,
    knowledge: knowledgeOf(period.records),
    sentences: formSentences,
    logo,
  });
}

/** What the rows below a heading say, with the titles of the columns first. */
function rowsUnder(form: Form, heading: string): string[] {
  const blocks = form.blocks.flatMap((block) => (block.kind === 'together' ? block.blocks : [block]));
  const at = blocks.findIndex((block) => block.kind === 'heading' && block.text.replace(/^\d+\. /, '') === heading);
  if (at < 0) return [];
  const end = blocks.findIndex((block, index) => index > at && block.kind === 'heading');
  return blocks.slice(at + 1, end < 0 ? undefined : end).flatMap((block) => {
    if (block.kind === 'text') return [block.text];
    if (block.kind !== 'table') return [];
    const titles = block.columns.map(({ title }) => title).join(' | ');
    return block.rows.length === 0 ? [block.empty] : [titles, ...block.rows.map((row) => row.map(({ text }) => text).join(' | '))];
  });
}

/** Where texts begin on the only page, in points from its lower left corner. The margin is 36 wide, the name stands 8 further in. */
function textPlacesOf(pdf: Buffer): { readonly x: number; readonly y: number }[] {
  const streams = [...pdf.toString('latin1').matchAll(/\/Filter \/FlateDecode\n>>\nstream\n/g)].map(({ 0: head, index }) => {
    const start = index + head.length;
    return inflateSync(pdf.subarray(start, pdf.indexOf('\nendstream', start))).toString('latin1');
  });
  const page = streams.filter((stream) => stream.includes(' Tm\n')).join('');
  return [...page.matchAll(/1 0 0 1 ([\d.]+) ([\d.]+) Tm/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }));
}

function knowledgeOf(records: readonly HistoryRecord[]): ChainKnowledge {
  const verification = {
    isIntact: true,
    recordCount: records.length,
    head: undefined,
    publicKey: undefined,
    lastKey: undefined,
    faults: [],
    faultCount: 0,
    notes: [],
    keyBreaks: [],
    lastHost: 'srv-01',
    heads: [],
    anchorsCompared: 0,
  };
  return { verification, witnesses: [], losses: [], unknown: [] };
}
