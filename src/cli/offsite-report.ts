import { l10n } from '../platform/index.ts';
import type { JsonObject } from '../repository/index.ts';
import type { RunResult } from '../service/index.ts';
import type { CommandContext } from './command.ts';
import { reportExceptions } from './exception-report.ts';
import { exitCodeOfResult, type ExitCode } from './exit-code.ts';
import type { RunTold } from './hosted-run.ts';
import { printJson } from './json.ts';
import { doubtText, wholeText } from './offsite-text.ts';
import { countText, sizeText } from './units.ts';

/** What came of a work on a copy. */
export interface CopyTold {
  readonly copy: string;
  readonly told: RunTold;
  /** Undefined when it did not come to its end. */
  readonly copied: RunResult['copied'];
  /** Ids of the snapshots that can be restored from the copy now. */
  readonly snapshots: readonly string[];
}

export type CopyWork = 'sync' | 'scrub' | 'sample';

/** Prints it, for people or a program. @throws what ended it early */
export function reportCopyWork(context: CommandContext, work: CopyWork, done: CopyTold, options: { readonly dryRun?: boolean }): ExitCode {
  const { terminal, globals } = context;
  const { told, copied, copy, snapshots } = done;
  if (!globals.json) reportExceptions(terminal, told, globals.verbosity);
  if (copied === undefined) throw told.error;
  const figures = figuresOf(copied);
  const { dryRun = false } = options;
  if (globals.json)
    printJson(terminal, { ...jsonOf[work](copy, figures, told, dryRun), ...(work !== 'sample' && syncJson(figures, snapshots)) });
  else if (!globals.quiet) print[work](context, copy, figures, dryRun);
  return exitCodeOfResult(told);
}

type Figures = ReturnType<typeof figuresOf>;

function figuresOf({ counts, bytes, doubts }: NonNullable<RunResult['copied']>) {
  return {
    uploadedFiles: counts['filesUploaded'] ?? 0,
    uploadedBytes: bytes['uploaded'] ?? 0,
    trashedFiles: counts['filesTrashed'] ?? 0,
    sourceFiles: counts['filesTotal'] ?? 0,
    sourceBytes: bytes['total'] ?? 0,
    lagFiles: counts['filesMissing'] ?? 0,
    lagBytes: bytes['missing'] ?? 0,
    heldBackFiles: counts['filesHeldBack'] ?? 0,
    heldFiles: counts['filesHeld'] ?? 0,
    unconfirmedFiles: counts['filesUnconfirmed'] ?? 0,
    checkedFiles: counts['filesChecked'] ?? 0,
    checkedBytes: bytes['checked'] ?? 0,
    findings: counts['findings'] ?? 0,
    readFiles: counts['filesRead'] ?? 0,
    readBytes: bytes['read'] ?? 0,
    damagedFiles: counts['filesDamaged'] ?? 0,
    doubts,
  } as const;
}

const jsonOf: Readonly<Record<CopyWork, (copy: string, figures: Figures, told: RunTold, dryRun: boolean) => JsonObject>> = {
  sync: (copy, _figures, _told, dryRun) => ({ message_type: 'summary', copy, dry_run: dryRun }),
  scrub: (copy, { checkedFiles, checkedBytes, findings }, { exceptions }) => ({
    message_type: 'scrub',
    copy,
    checked_files: checkedFiles,
    checked_bytes: checkedBytes,
    findings: exceptions.flatMap(findingOf),
    finding_count: findings,
  }),
  sample: (copy, { readFiles, readBytes, damagedFiles }) => ({
    message_type: 'sample',
    copy,
    read_files: readFiles,
    read_bytes: readBytes,
    damaged_files: damagedFiles,
  }),
};

/** What a scrub found is an exception of its run. */
function findingOf({ kind, item }: RunTold['exceptions'][number]): JsonObject[] {
  if (kind === 'source-damaged') return [{ kind: 'damagedAtSource', path: item }];
  const prefix = 'copy-';
  return kind.startsWith(prefix) ? [{ kind: kind.slice(prefix.length), path: item }] : [];
}

function syncJson(figures: Figures, snapshots: readonly string[]): JsonObject {
  return {
    uploaded_files: figures.uploadedFiles,
    uploaded_bytes: figures.uploadedBytes,
    trashed_files: figures.trashedFiles,
    total_files: figures.sourceFiles,
    total_bytes: figures.sourceBytes,
    lag_files: figures.lagFiles,
    lag_bytes: figures.lagBytes,
    held_back_files: figures.heldBackFiles,
    held_files: figures.heldFiles,
    doubts: figures.doubts,
    unconfirmed_files: figures.unconfirmedFiles,
    snapshots,
  };
}

type Printer = (context: CommandContext, copy: string, figures: Figures, dryRun: boolean) => void;

const print: Readonly<Record<CopyWork, Printer>> = { sync: printSync, scrub: printScrub, sample: printSample };

function printSync({ terminal }: CommandContext, copy: string, figures: Figures, dryRun: boolean): void {
  const { lagFiles, lagBytes, uploadedFiles, uploadedBytes, trashedFiles, heldBackFiles, heldFiles, doubts } = figures;
  const left = l10n.t('{files} ({size}) not in the copy', { files: countText(lagFiles, 'file'), size: sizeText(lagBytes) });
  if (dryRun) terminal.print(l10n.t('{copy}: {left}; dry run: nothing was done', { copy, left }));
  else {
    terminal.print(
      l10n.t('{copy}: {files} uploaded, {size}; {trashed} removed', {
        copy,
        files: countText(uploadedFiles, 'file'),
        size: sizeText(uploadedBytes),
        trashed: countText(trashedFiles, 'file'),
      }),
    );
    terminal.print(lagFiles === 0 ? wholeText(figures) : left);
  }
  for (const doubt of heldBackFiles > 0 ? doubts : [])
    terminal.note(l10n.t('{files} stay in the copy: {why}', { files: countText(heldBackFiles, 'file'), why: doubtText(doubt) }));
  if (heldFiles > 0)
    terminal.note(
      l10n.t('{files} held that the repository has no more: its storage lets nobody remove them', { files: countText(heldFiles, 'file') }),
    );
}

function printScrub({ terminal }: CommandContext, copy: string, figures: Figures): void {
  const { checkedFiles, checkedBytes, findings, uploadedFiles, trashedFiles, lagFiles } = figures;
  terminal.print(
    l10n.t('{copy}: {files} compared by checksum, {size}', { copy, files: countText(checkedFiles, 'file'), size: sizeText(checkedBytes) }),
  );
  terminal.print(
    findings === 0
      ? l10n.t('everything is right')
      : l10n.t('{files} uploaded again; {trashed} removed; {left} still missing', {
          files: countText(uploadedFiles, 'file'),
          trashed: countText(trashedFiles, 'file'),
          left: countText(lagFiles, 'file'),
        }),
  );
}

function printSample({ terminal }: CommandContext, copy: string, { readFiles, readBytes, damagedFiles }: Figures): void {
  terminal.print(
    l10n.t('{copy}: {files} read in full, {size}, {errors}', {
      copy,
      files: countText(readFiles, 'file'),
      size: sizeText(readBytes),
      errors: countText(damagedFiles, 'error'),
    }),
  );
}
