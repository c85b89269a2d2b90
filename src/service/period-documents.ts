import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { formSentences, type RecordKeeper } from '../jobs/index.ts';
import { assetPath, CadanganError, fileError, l10n, writeWhole, type Clock, type Language, type Random } from '../platform/index.ts';
import {
  formHtml,
  formPdf,
  makeReport,
  recordEntries,
  reportCsv,
  reportForm,
  verificationView,
  verifyHistory,
  writeAuditPack,
  type HistoryRecord,
  type PackEntry,
  type Period,
  type PublicKey,
  type Report,
  type Verification,
} from '../records/index.ts';
import { withoutSecrets, type Configuration } from '../settings/index.ts';
import { reportFileName } from './period-names.ts';
import { plannedWindowsOf } from './planned-windows.ts';
import { reviewRecords } from './review-records.ts';

export const reportFormats = ['pdf', 'html', 'csv'] as const;
export type ReportFormat = (typeof reportFormats)[number];

/** Who writes documents of the records, and out of what. */
export interface DocumentWorld {
  readonly keeper: RecordKeeper;
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly random: Random;
  /** How documents name the program. */
  readonly software: string;
  readonly signal: AbortSignal;
}

/** What the documents of a period are made of. */
export interface PeriodReport {
  readonly report: Report;
  readonly verification: Verification;
  readonly publicKey: PublicKey | undefined;
}

/**
 * Holds the records against the instruction first, so that no document is written before what it should name is known.
 * @throws `record.not-found` when there are no records; the system's errors; `aborted`
 */
export async function makePeriodReport({ keeper, configuration, clock, signal }: DocumentWorld, period: Period): Promise<PeriodReport> {
  const { timeZone, organisation, instruction } = configuration;
  const { history } = keeper;
  const nowMs = nowMsOf(clock);
  await reviewRecords(keeper, configuration, nowMs);
  const records: HistoryRecord[] = [];
  for await (const record of history.records(signal)) records.push(record);
  if (records.length === 0) throw new CadanganError('record.not-found', { record: '1' });
  const report = await makeReport(records, {
    period,
    timeZone,
    organisation,
    instruction,
    planned: plannedWindowsOf(configuration, records, nowMs),
    nowMs,
  });
  const publicKey = await history.publicKey();
  return { report, verification: await verifyHistory(history.folder, { publicKey, signal }), publicKey };
}

/**
 * Writes the form of a period, complete or not at all.
 * @param file absolute
 * @returns its size in bytes
 * @throws `storage.denied`, `storage.full`, `storage.unreachable`
 */
export async function writeReport(
  made: PeriodReport,
  file: string,
  {
    format,
    language,
    software,
    random,
  }: { readonly format: ReportFormat; readonly language: Language } & Pick<DocumentWorld, 'software' | 'random'>,
): Promise<number> {
  const bytes = await rendered(made, format, language, software);
  await writeFileWhole(file, bytes, random);
  return bytes.length;
}

/**
 * Writes everything that an auditor asks for, in one signed file.
 * @param file absolute
 * @returns the key that signed it, to compare with a printed form
 * @throws as `writeReport`, `aborted`
 */
export async function writePeriodPack(made: PeriodReport, file: string, world: DocumentWorld): Promise<PublicKey> {
  const { keeper, configuration, clock, random, software, signal } = world;
  const { report, verification } = made;
  const entries: PackEntry[] = [
    ...(await recordEntries(keeper.history.folder)),
    { name: 'verification.json', bytes: json(verificationView(verification)) },
    { name: 'configuration.json', bytes: json(withoutSecrets(configuration)) },
    { name: 'verify-records.py', bytes: await readFile(assetPath('verify-records.py')) },
    { name: 'drills.json', bytes: json(report.runs.filter(({ kind }) => kind === 'drill')) },
    { name: 'README.txt', bytes: Buffer.from(packReadme()) },
  ];
  for (const language of ['en', 'id'] as const) {
    for (const format of reportFormats)
      entries.push({
        name: `reports/${reportFileName(report.period, format, language)}`,
        bytes: await rendered(made, format, language, software),
      });
  }
  const key = await keeper.history.signingKey(signal);
  await writeAuditPack(file, entries, { key, random, madeAtMs: nowMsOf(clock), signal });
  return key.publicKey;
}

/** The instruction is printed as it stands; that a number has moved since is good to know. */
export function clauseHints({ instruction }: Pick<Configuration, 'instruction'>): string[] {
  const isOld = instruction?.clauses.some((clause) => /45001/.test(clause) && /4\.4\.6/.test(clause)) ?? false;
  return isOld
    ? [
        l10n.t(
          '4.4.6 is the number of operational control in OHSAS 18001:2007; in ISO 45001:2018 it is clause 8.1. The form cites it as your instruction does.',
        ),
      ]
    : [];
}

async function rendered(
  { report, verification, publicKey }: PeriodReport,
  format: ReportFormat,
  language: Language,
  software: string,
): Promise<Buffer> {
  if (format === 'csv') return Buffer.from(reportCsv(report, language, formSentences));
  const form = reportForm(report, { language, software, host: hostname(), publicKey, verification, sentences: formSentences });
  return format === 'html' ? Buffer.from(formHtml(form)) : formPdf(form);
}

/** A form that is half written must not be printed. It is as readable as other files of the user: it goes to other people. */
async function writeFileWhole(file: string, bytes: Buffer, random: Random): Promise<void> {
  const temporaryPath = join(dirname(file), `.cadangan-${Buffer.from(random.fill(new Uint8Array(8))).toString('hex')}.part`);
  try {
    await writeWhole(file, { random, mode: 0o666, temporaryPath }, (handle) => handle.writeFile(bytes));
  } catch (error) {
    throw fileError(error, file);
  }
}

function packReadme(): string {
  return [
    'Cadangan audit pack / paket audit Cadangan',
    '',
    'Verify it / Verifikasi:',
    '  cadangan records verify PACK.zip',
    'or without Cadangan / atau tanpa Cadangan:',
    '  sha256sum -c SHA256SUMS',
    '  openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig',
    '  python3 verify-records.py records',
    'The public key is printed in every form. / Kunci publik tercetak di setiap formulir.',
    '',
  ].join('\n');
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
}

function nowMsOf(clock: Clock): number {
  return Number(clock.nowNs() / 1_000_000n);
}
