import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { formSentences, type RecordKeeper } from '../jobs/index.ts';
import { assetPath, CadanganError, l10n, type Clock, type Language } from '../platform/index.ts';
import {
  formHtml,
  formPdf,
  makeAuditPack,
  makeReport,
  recordEntries,
  reportCsv,
  reportForm,
  verificationView,
  verifyHistory,
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

/** Who makes documents of the records, and out of what. */
export interface DocumentWorld {
  readonly keeper: RecordKeeper;
  readonly configuration: Configuration;
  readonly clock: Clock;
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

/** The form of a period. */
export async function renderReport(
  { report, verification, publicKey }: PeriodReport,
  { format, language, software }: { readonly format: ReportFormat; readonly language: Language } & Pick<DocumentWorld, 'software'>,
): Promise<Buffer> {
  if (format === 'csv') return Buffer.from(reportCsv(report, language, formSentences));
  const form = reportForm(report, { language, software, host: hostname(), publicKey, verification, sentences: formSentences });
  return format === 'html' ? Buffer.from(formHtml(form)) : formPdf(form);
}

/**
 * Everything that an auditor asks for, in one signed file.
 * @returns it, and the key that signed it, to compare with a printed form. @throws the system's errors, `aborted`
 */
export async function makePeriodPack(
  made: PeriodReport,
  { keeper, configuration, clock, software, signal }: DocumentWorld,
): Promise<{ readonly bytes: Buffer; readonly publicKey: PublicKey }> {
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
        bytes: await renderReport(made, { format, language, software }),
      });
  }
  const key = await keeper.history.signingKey(signal);
  return { bytes: await makeAuditPack(entries, { key, madeAtMs: nowMsOf(clock), signal }), publicKey: key.publicKey };
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
