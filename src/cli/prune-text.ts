import { lockText, safeText } from '../jobs/index.ts';
import { formatDate, formatAsRestic, l10n } from '../platform/index.ts';
import { lockWords, type LockedFile, type PruneProgress, type PruneResult, type PruneSums } from '../upkeep/index.ts';
import type { CommandContext } from './command.ts';
import { printJson } from './json.ts';
import { showProgress } from './progress-line.ts';
import { countText, sizeText } from './units.ts';

const unitsOfPhases = { index: 'repository file', trees: 'folder', repacking: 'pack', indexing: 'pack', removing: 'pack' } as const;

export function showPruneProgress({ terminal, clock }: CommandContext, startMs: number): (progress: PruneProgress) => void {
  return ({ phase, done, total, bytesDone, bytesTotal }) =>
    showProgress(terminal, {
      elapsedMs: clock.monotonicMs() - startMs,
      filesDone: done,
      filesTotal: total || undefined,
      bytesDone,
      bytesTotal: bytesTotal || undefined,
      unit: unitsOfPhases[phase],
    });
}

/** The plan, in the lines that restic has for it, before anything is changed. */
export function printPrunePlan({ terminal, globals }: CommandContext, { blobs, bytes, packs }: PruneSums): void {
  const more = globals.verbosity > 0;
  const unusedBytes = bytes.duplicate + bytes.unused;
  printTable(terminal, [
    ...(more ? [row(l10n.t('used'), blobs.used, bytes.used)] : []),
    ...(more && blobs.duplicate > 0 ? [row(l10n.t('duplicates'), blobs.duplicate, bytes.duplicate)] : []),
    ...(more ? [row(l10n.t('unused'), blobs.unused, bytes.unused)] : []),
    ...(more && bytes.unreferenced > 0 ? [row(l10n.t('unreferenced'), undefined, bytes.unreferenced)] : []),
    ...(more ? [row(l10n.t('total'), blobs.total, bytes.total)] : []),
    row(l10n.t('to repack'), blobs.repack, bytes.repack),
    row(l10n.t('this removes'), blobs.repackRemove, bytes.repackRemove),
    row(l10n.t('to delete'), blobs.remove, bytes.remove + bytes.unreferenced),
    row(l10n.t('total prune'), blobs.remove + blobs.repackRemove, bytes.remove + bytes.repackRemove + bytes.unreferenced),
    ...(bytes.uncompressed > 0 ? [row(l10n.t('not yet compressed'), undefined, bytes.uncompressed)] : []),
    row(l10n.t('remaining'), blobs.remain, bytes.remain),
  ]);
  if (more) terminal.print(l10n.t('unused size: {share} of total size', { share: shareText(unusedBytes, bytes.total) }));
  terminal.print(
    l10n.t('unused size after prune: {size} ({share} of remaining size)', {
      size: sizeText(bytes.remainUnused),
      share: shareText(bytes.remainUnused, bytes.remain),
    }),
  );
  if (!more) return;
  const packRows: readonly (readonly [string, number])[] = [
    [l10n.t('totally used packs'), packs.used],
    [l10n.t('partly used packs'), packs.partlyUsed],
    [l10n.t('unused packs'), packs.unused],
    [l10n.t('packs to keep'), packs.keep],
    [l10n.t('packs to repack'), packs.repack],
    [l10n.t('packs to delete'), packs.remove],
    [l10n.t('unreferenced packs'), packs.unreferenced],
  ];
  printTable(
    terminal,
    packRows.map(([label, count]) => [label, count, '']),
  );
}

/** Where a result goes, and how. */
type PruneOutput = Pick<CommandContext, 'terminal'> & { readonly globals: Pick<CommandContext['globals'], 'json' | 'quiet' | 'verbosity'> };

/** What was done, in the way that was asked for. */
export function printPruned(context: PruneOutput, result: PruneResult): void {
  if (context.globals.json) printPruneJson(context, result);
  else if (!context.globals.quiet) tellPruned(context, result);
}

/** And what is still to come by itself. */
function tellPruned({ terminal, globals }: PruneOutput, result: PruneResult): void {
  const { sums, leftovers, locked, nextRemovalNs, isDryRun } = result;
  const { packs, bytes } = sums;
  if (leftovers.files > 0)
    terminal.print(
      l10n.t('removed {files} that killed runs had left, {size}', {
        files: countText(leftovers.files, 'repository file'),
        size: sizeText(leftovers.bytes),
      }),
    );
  if (packs.removeNow > 0) {
    const what = { packs: countText(packs.removeNow, 'pack'), size: sizeText(bytes.removeNow) };
    terminal.print(isDryRun ? l10n.t('would remove {packs}, {size}', what) : l10n.t('removed {packs}, {size}', what));
  }
  if (locked.length > 0) {
    for (const { kind, name, untilMs } of globals.verbosity > 0 ? locked : [])
      terminal.print(`${kind}/${safeText(name)}: ${lockText(untilMs)}`);
    terminal.print(lockedText(locked, bytes.locked));
  }
  if (nextRemovalNs === undefined) return;
  terminal.print(
    l10n.t('{packs}, {size}, wait in case a machine that slept still needs them; a prune after {time} removes them', {
      packs: countText(packs.wait, 'pack'),
      size: sizeText(bytes.wait),
      time: formatDate(nextRemovalNs),
    }),
  );
}

function lockedText(locked: readonly LockedFile[], bytes: number): string {
  const times = locked.map(({ untilMs }) => untilMs).toSorted((one, other) => one - other);
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const what = { files: countText(locked.length, 'repository file'), size: sizeText(bytes), until: lockText(first) };
  return first === last
    ? l10n.t('{files}, {size} that nothing needs: {until}', what)
    : l10n.t('{files}, {size} that nothing needs: the first {until}, the last {untilLast}', { ...what, untilLast: lockText(last) });
}

/** restic's summary; `waiting`, `removed` and `locked` are ours. */
function printPruneJson({ terminal }: PruneOutput, { sums: { blobs, bytes, packs }, locked }: PruneResult): void {
  printJson(terminal, {
    message_type: 'summary',
    blobs: {
      used: blobs.used,
      duplicate: blobs.duplicate,
      unused: blobs.unused,
      total: blobs.total,
      repack: blobs.repack,
      repack_remove: blobs.repackRemove,
      remove: blobs.remove,
      remove_total: blobs.remove + blobs.repackRemove,
      remaining: blobs.remain,
    },
    bytes: {
      used: bytes.used,
      duplicate: bytes.duplicate,
      unused: bytes.unused,
      unreferenced: bytes.unreferenced,
      uncompressed: bytes.uncompressed,
      total: bytes.total,
      repack: bytes.repack,
      repack_remove: bytes.repackRemove,
      remove: bytes.remove,
      remove_total: bytes.remove + bytes.repackRemove + bytes.unreferenced,
      remaining: bytes.remain,
      remaining_unused: bytes.remainUnused,
      removed: bytes.removeNow,
      waiting: bytes.wait,
      locked: bytes.locked,
    },
    packfiles: {
      used: packs.used,
      unused: packs.unused,
      partly_used: packs.partlyUsed,
      unreferenced: packs.unreferenced,
      total: packs.total,
      keep: packs.keep,
      repack: packs.repack,
      remove: packs.remove,
      remove_total: packs.remove + packs.unreferenced,
      removed: packs.removeNow,
      waiting: packs.wait,
      locked: packs.locked,
    },
    locked: locked.map(({ kind, name, untilMs }) => ({ file: `${kind}/${name}`, until: lockWords(untilMs) })),
  });
}

type Row = readonly [label: string, count: number | undefined, rest: string];

function row(label: string, blobs: number | undefined, bytes: number): Row {
  const size = sizeText(bytes);
  return [label, blobs, blobs === undefined ? size : l10n.t('blobs / {size}', { size })];
}

/** restic's columns: label, count in 10 places, what is counted. */
function printTable(terminal: CommandContext['terminal'], rows: readonly Row[]): void {
  const width = Math.max(13, ...rows.map(([label]) => label.length + 1));
  for (const [label, count, rest] of rows)
    terminal.print(`${`${label}:`.padEnd(width)} ${String(count ?? '').padStart(10)} ${rest}`.trimEnd());
}

function shareText(part: number, whole: number): string {
  return `${formatAsRestic(whole === 0 ? 0 : (100 * part) / whole, 2)}%`;
}
