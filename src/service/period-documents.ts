import { hostname } from 'node:os';
import { describeError, formSentences, type RecordKeeper } from '../jobs/index.ts';
import { assetPath, CadanganError, formatDate, l10n, readFile, type Clock, type Language } from '../platform/index.ts';
import {
  allOf,
  exceptionsCsv,
  formHtml,
  formPdf,
  knowledgeView,
  makeAuditPack,
  makeReport,
  recordEntries,
  reportCsv,
  reportForm,
  verifyHistory,
  type ChainKnowledge,
  type FormCopy,
  type FormLogo,
  type PackEntry,
  type Period,
  type PublicKey,
  type Report,
} from '../records/index.ts';
import { readLogo } from './form-logo.ts';
import { parseTimestamp } from '../repository/index.ts';
import { trustIn } from '../schedule/index.ts';
import { withoutSecrets, type Configuration } from '../settings/index.ts';
import { copyStateSentence, whyOf } from './copy-state-text.ts';
import { errorOfData } from './error-data.ts';
import type { CopyInfo } from './protocol.ts';
import { reportFileName } from './period-names.ts';
import { plannedWindowsOf } from './planned-windows.ts';
import { reviewRecords } from './review-records.ts';
import { compareChain, type WitnessOptions } from './verify-records.ts';

/** `exceptions`: every one of them, as CSV; a form has room for some. */
export const reportFormats = ['pdf', 'html', 'csv', 'exceptions'] as const;
export type ReportFormat = (typeof reportFormats)[number];

/** Who makes documents of the records, and out of what. */
export interface DocumentWorld {
  readonly keeper: RecordKeeper;
  readonly configuration: Configuration;
  readonly clock: Clock;
  /** The off-site copies, as they are now; default: the form does not tell of them. */
  readonly copies?: () => Promise<readonly CopyInfo[]>;
  /** How documents name the program. */
  readonly software: string;
  readonly signal: AbortSignal;
  /** Who is asked for heads of the chain. Undefined: nobody is, and the documents say so. */
  readonly witnesses?: WitnessOptions | undefined;
  /** What was found. */
  readonly onCompared?: ((knowledge: ChainKnowledge) => void) | undefined;
}

/** What the documents of a period are made of. */
export interface PeriodReport {
  readonly report: Report;
  readonly knowledge: ChainKnowledge;
  readonly publicKey: PublicKey | undefined;
  readonly copies: readonly FormCopy[];
  readonly logo?: FormLogo | undefined;
}

/**
 * Holds the records against the instruction first, so that no document is written before what it should name is known.
 * @throws `record.not-found` when there are no records; the system's errors; `aborted`
 */
export async function makePeriodReport(world: DocumentWorld, period: Period): Promise<PeriodReport> {
  const { keeper, configuration, clock, copies, signal } = world;
  const { timeZone, organisation, instruction } = configuration;
  const { history } = keeper;
  const nowMs = nowMsOf(clock);
  await reviewRecords(keeper, configuration, nowMs, { isSettled: trustIn(clock).isSettled });
  const records = await allOf(history.records(signal));
  if (records.length === 0) throw new CadanganError('record.not-found', { record: '1' });
  const report = await makeReport(records, {
    period,
    timeZone,
    organisation,
    instruction,
    planned: plannedWindowsOf(configuration, records, nowMs),
    nowMs,
  });
  const now = (await copies?.()) ?? [];
  return {
    report,
    knowledge: await knowledgeOf(world),
    publicKey: await history.publicKey(),
    copies: formCopiesOf(now, timeZone),
    logo: await readLogo(configuration.logo),
  };
}

function formCopiesOf(copies: readonly CopyInfo[], timeZone: string | undefined): readonly FormCopy[] {
  const when = (at: string): string => formatDate(parseTimestamp(at).ns, { timeZone });
  return copies.map((copy) => ({
    title: copy.title,
    state: () => {
      const { why } = whyOf(copy);
      return copyStateSentence(copy, when, why && describeError(errorOfData(why)).what);
    },
  }));
}

async function knowledgeOf({ keeper, witnesses, signal, onCompared }: DocumentWorld): Promise<ChainKnowledge> {
  if (witnesses) {
    const knowledge = await compareChain(keeper, witnesses);
    onCompared?.(knowledge);
    return knowledge;
  }
  const { history } = keeper;
  const verification = await verifyHistory(history.folder, { publicKey: await history.publicKey(), signal });
  return { verification, witnesses: [], losses: [], unknown: [] };
}

/** The form of a period. */
export async function renderReport(
  { report, knowledge, publicKey, copies, logo }: PeriodReport,
  { format, language, software }: { readonly format: ReportFormat; readonly language: Language } & Pick<DocumentWorld, 'software'>,
): Promise<Buffer> {
  if (format === 'csv') return Buffer.from(reportCsv(report, language, formSentences));
  if (format === 'exceptions') return Buffer.from(exceptionsCsv(report, language, formSentences));
  const form = reportForm(report, { language, software, host: hostname(), publicKey, knowledge, copies, logo, sentences: formSentences });
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
  const { report, knowledge } = made;
  const entries: PackEntry[] = [
    ...(await recordEntries(keeper.history.folder)),
    { name: 'verification.json', bytes: json(knowledgeView(knowledge)) },
    { name: 'configuration.json', bytes: json(withoutSecrets(configuration)) },
    { name: 'verify-records.py', bytes: await readFile(assetPath('verify-records.py')) },
    { name: 'drills.json', bytes: json(report.runs.filter(({ kind }) => kind === 'drill')) },
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

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
}

function nowMsOf(clock: Clock): number {
  return Number(clock.nowNs() / 1_000_000n);
}
