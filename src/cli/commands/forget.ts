import type { Command } from 'commander';
import {
  askedOnce,
  describeError,
  policyText,
  reasonTexts,
  recordedPrune,
  recordedRetention,
  type PlannedRetention,
  type RecordAbout,
  type RepositoryAccess,
  type RetentionDetails,
  type RetentionWish,
} from '../../jobs/index.ts';
import { CadanganError, l10n } from '../../platform/index.ts';
import { isRecordsSnapshot, matchesFilter, wantsRecords, type JsonObject, type StoredSnapshot } from '../../repository/index.ts';
import { setRetention } from '../../service/index.ts';
import type { Configuration } from '../../settings/index.ts';
import {
  holdError,
  isEmptyPolicy,
  matchesOf,
  parseCalendarDuration,
  parseGroupBy,
  periods,
  removedBy,
  type CalendarDuration,
  type ChangeThresholds,
  type KeepCount,
  type KeptSnapshot,
  type PlannedGroup,
  type RetentionPolicy,
} from '../../upkeep/index.ts';
import { accessOf, collect, type CliCommand, type CommandContext } from '../command.ts';
import { declarePruneOptions, pruneJobOptions } from '../prune-options.ts';
import { printPruned } from '../prune-text.ts';
import { reportExceptions } from '../exception-report.ts';
import { exitCodeOfResult } from '../exit-code.ts';
import { jsonObject, noteJson, printJson } from '../json.ts';
import type { OptionValues } from '../option-values.ts';
import { accessOfSet } from '../set-backup.ts';
import { refuseBesideSet } from '../set-snapshots.ts';
import { groupTitle, printSnapshotTable } from '../snapshot-table.ts';
import { snapshotFilterOf, snapshotJson } from '../snapshot-view.ts';
import { countText } from '../units.ts';
import { keeperOf } from './records-keeper.ts';

export const forgetCommand: CliCommand = {
  name: 'forget',
  declare: (command) => {
    command
      .description(l10n.t('Remove snapshots: those that no --keep rule keeps, or those that are named. Their data stays until a prune.'))
      .argument('[ids...]', l10n.t('these snapshots, whatever the rules say'));
    addKeepOptions(command);
    command
      .option('--host <host>', l10n.t('only snapshots of this host (may be repeated)'), collect)
      .option('--tag <tags>', l10n.t('only snapshots with all of these tags, separated by commas (may be repeated)'), collect)
      .option('--path <path>', l10n.t('only snapshots that include this absolute path (may be repeated)'), collect)
      .option('-c, --compact', l10n.t('leave out paths and sizes'))
      .option(
        '-g, --group-by <group>',
        l10n.t('apply the rules to each host, paths, tags by itself (default: host,paths; "": to all at once)'),
      )
      .option('--set <name>', l10n.t('those of this backup set, by the rule of its configuration'))
      .option('-n, --dry-run', l10n.t('remove nothing, show what would be removed'))
      .option('--prune', l10n.t('remove the data, too, that nothing needs any more'))
      .option('--release', l10n.t('remove them although something smells; the reason was shown before'));
    declarePruneOptions(command);
  },
  run: async (context, ids, options) => {
    const [dryRun, release] = [options.flag('dryRun'), options.flag('release')];
    if (context.globals.noLock && !dryRun)
      throw new CadanganError('arguments.invalid', { option: '--no-lock', reason: 'it goes with --dry-run only' });
    const { keeper, configuration } = await keeperOf(context);
    const prune = options.flag('prune') ? pruneJobOptions(context, options) : undefined;
    const { wish, access: asked, more } = await wanted(context, configuration, ids, options);
    const access = prune ? askedOnce(asked) : asked;
    const common = { dryRun, release, timeZone: configuration.timeZone, sets: configuration.sets.map(({ name }) => name), ...more };
    const result = await recordedRetention(keeper, access, wish, {
      ...common,
      onPlan: (planned) => showPlan(context, wish, planned, options),
    });
    const { details } = result;
    if (!details) throw result.error;
    const gone = dryRun ? removedBy(details.plan) : details.removed;
    const isPruned = prune !== undefined && gone.length > 0;
    tell(context, wish, details, { gone, dryRun, isPruned });
    reportExceptions(context.terminal, result, context.globals.verbosity);
    if (!isPruned) return exitCodeOfResult(result);
    // As in restic the data that they alone needed goes, too; a dry run of it counts them as gone.
    const pruned = await recordedPrune(keeper, access, {
      ...prune,
      dryRun,
      without: new Set(gone.map(({ id }) => id)),
      about: { trigger: 'manual' },
    });
    if (!pruned.details) throw pruned.error;
    printPruned(context, pruned.details);
    return exitCodeOfResult(result.outcome === 'success' ? pruned : result);
  },
};

const keepRules = {
  keepLast: ['-l, --keep-last <n>', () => l10n.t('keep the last n snapshots (or "unlimited", here and below)')],
  keepHourly: ['-H, --keep-hourly <n>', () => l10n.t('keep the last snapshot of each of the last n hours that have any')],
  keepDaily: ['-d, --keep-daily <n>', () => l10n.t('the same with days')],
  keepWeekly: ['-w, --keep-weekly <n>', () => l10n.t('the same with weeks')],
  keepMonthly: ['-m, --keep-monthly <n>', () => l10n.t('the same with months')],
  keepYearly: ['-y, --keep-yearly <n>', () => l10n.t('the same with years')],
  keepWithin: ['--keep-within <duration>', () => l10n.t('keep all that are at most so much older than the newest, e.g. 1y5m7d2h')],
  keepWithinHourly: ['--keep-within-hourly <duration>', () => l10n.t('of that time keep the last snapshot of each hour')],
  keepWithinDaily: ['--keep-within-daily <duration>', () => l10n.t('the same with days')],
  keepWithinWeekly: ['--keep-within-weekly <duration>', () => l10n.t('the same with weeks')],
  keepWithinMonthly: ['--keep-within-monthly <duration>', () => l10n.t('the same with months')],
  keepWithinYearly: ['--keep-within-yearly <duration>', () => l10n.t('the same with years')],
} as const;

function addKeepOptions(command: Command): void {
  for (const [flags, description] of Object.values(keepRules)) command.option(flags, description());
  command.option('--keep-tag <tags>', l10n.t('keep those with all of these tags, separated by commas (may be repeated)'), collect);
}

/** What is to go, where, and what belongs to it. */
interface Wanted {
  readonly wish: RetentionWish;
  readonly access: RepositoryAccess;
  readonly more: { readonly thresholds?: ChangeThresholds; readonly about: Partial<RecordAbout> };
}

/** @throws `arguments.invalid`, `set.unknown` */
async function wanted(context: CommandContext, { sets }: Configuration, ids: readonly string[], options: OptionValues): Promise<Wanted> {
  const name = options.text('set');
  const policy = policyOf(options);
  const about = { trigger: 'manual' as const };
  if (name !== undefined) {
    refuseBesideSet(options, context, ['groupBy', 'keepTag', ...Object.keys(keepRules)]);
    if (ids.length > 0) throw new CadanganError('arguments.invalid', { option: '--set', reason: 'it cannot be combined with ids' });
    const set = sets.find((candidate) => candidate.name === name);
    if (set === undefined) throw new CadanganError('set.unknown', { set: name });
    const rule = setRetention(set);
    if (rule === undefined)
      throw new CadanganError('arguments.invalid', { option: `--set ${name}`, reason: 'its configuration has no "retention"' });
    return {
      wish: rule.wish,
      access: await accessOfSet(set, context),
      more: { thresholds: rule.thresholds, about: { ...about, set: name } },
    };
  }
  const filter = snapshotFilterOf(options);
  const access = await accessOf(context);
  if (ids.length > 0) return { wish: { kind: 'named', snapshots: ids, filter }, access, more: { about } };
  // As restic since 0.17: without a rule "those that no rule keeps" would be all.
  if (isEmptyPolicy(policy)) throw new CadanganError('arguments.invalid', { option: '--keep-...', reason: 'no rule was given' });
  const groupBy = parseGroupBy(options.text('groupBy') ?? 'host,paths');
  // Snapshots of the records are no backups: grouped with those, the newest of them would be kept in place of one.
  const mayBe = (snapshot: StoredSnapshot): boolean => wantsRecords(filter) || !isRecordsSnapshot(snapshot);
  const among = (snapshot: StoredSnapshot): boolean => matchesFilter(snapshot, filter) && mayBe(snapshot);
  return { wish: { kind: 'rule', policy, groupBy, among }, access, more: { about } };
}

/** @throws `arguments.invalid` */
function policyOf(options: OptionValues): RetentionPolicy {
  const capital = (period: string): string => `${period.charAt(0).toUpperCase()}${period.slice(1)}`;
  const counts = (['last', ...periods] as const).map((period) => [period, countOf(`keep${capital(period)}`, options)] as const);
  const within = (['all', ...periods] as const).flatMap((period): (readonly [string, CalendarDuration])[] => {
    const name = period === 'all' ? 'keepWithin' : `keepWithin${capital(period)}`;
    const text = options.text(name);
    return text === undefined
      ? []
      : [[period, parseCalendarDuration(text, period === 'all' ? '--keep-within' : `--keep-within-${period}`)]];
  });
  return { counts: Object.fromEntries(counts), within: Object.fromEntries(within), tags: options.tagLists('keepTag') };
}

function countOf(name: string, options: OptionValues): KeepCount {
  return options.text(name) === 'unlimited' ? 'unlimited' : (options.count(name, 0) ?? 0);
}

/** Everything is shown before anything is removed. */
function showPlan(context: CommandContext, wish: RetentionWish, { plan, holds }: PlannedRetention, options: OptionValues): void {
  const { terminal, globals } = context;
  if (!globals.json && !globals.quiet) {
    if (wish.kind === 'rule') terminal.print(l10n.t('Applying Policy: {0}', policyText(wish.policy)));
    for (const group of plan.groups) printGroup(context, group, plan.groups.length > 1 || globals.verbosity > 0, options.flag('compact'));
  }
  // Otherwise the first one is what stops the command.
  const isGoingOn = options.flag('dryRun') || options.flag('release');
  for (const { what } of holds.slice(isGoingOn ? 0 : 1).map((hold) => describeError(holdError(hold)))) {
    if (globals.json) noteJson(terminal, { message_type: 'hold', message: what });
    else terminal.note(what);
  }
}

function printGroup(context: CommandContext, { key, keep, remove }: PlannedGroup, isTitled: boolean, compact: boolean): void {
  const { terminal } = context;
  // As in a list of snapshots the oldest comes first.
  const kept = keep.toReversed();
  if (isTitled) terminal.print(groupTitle(key));
  if (kept.length > 0) {
    terminal.print(l10n.t('keep {0}:', countText(kept.length, 'snapshot')));
    const reasons = kept.map(reasonTexts);
    printSnapshotTable(
      context,
      kept.map(({ snapshot }) => snapshot),
      { compact, reasons },
    );
    terminal.print();
  }
  if (remove.length === 0) return;
  terminal.print(l10n.t('remove {0}:', countText(remove.length, 'snapshot')));
  printSnapshotTable(context, remove.toReversed(), { compact });
  terminal.print();
}

function tell(
  { terminal, globals }: CommandContext,
  wish: RetentionWish,
  { plan }: RetentionDetails,
  { gone, dryRun, isPruned }: { readonly gone: readonly StoredSnapshot[]; readonly dryRun: boolean; readonly isPruned: boolean },
): void {
  if (globals.json) {
    // restic says nothing of snapshots that were named.
    if (wish.kind === 'rule' && plan.groups.length > 0) printJson(terminal, plan.groups.map(groupJson));
    return;
  }
  if (globals.quiet) return;
  if (plan.groups.length === 0) terminal.print(l10n.t('no snapshot fits'));
  else if (gone.length === 0) terminal.print(l10n.t('nothing to remove'));
  else terminal.print(goneText(countText(gone.length, 'snapshot'), dryRun, isPruned));
}

/** Where a prune follows, in restic's words. */
function goneText(snapshots: string, dryRun: boolean, isPruned: boolean): string {
  if (isPruned)
    return dryRun
      ? l10n.t('{0} would be removed, running prune dry run', snapshots)
      : l10n.t('{0} have been removed, running prune', snapshots);
  return dryRun ? l10n.t('would remove {0}', snapshots) : l10n.t('removed {0}', snapshots);
}

function groupJson({ key, keep, remove }: PlannedGroup): JsonObject {
  return jsonObject({
    tags: key.tags ?? null,
    host: key.host ?? '',
    paths: key.paths ?? null,
    keep: keep.length === 0 ? null : keep.map(({ snapshot }) => snapshotJson(snapshot)),
    remove: remove.length === 0 ? null : remove.map(snapshotJson),
    reasons: keep.length === 0 ? null : keep.map(reasonJson),
  });
}

/** `counters` as restic had them to 0.16. */
function reasonJson(kept: KeptSnapshot): JsonObject {
  const left = Object.entries(kept.counters).filter(([, count]) => count !== 0);
  const counters = Object.fromEntries(left.map(([period, count]) => [period, count === 'unlimited' ? -1 : count]));
  return jsonObject({ snapshot: snapshotJson(kept.snapshot), matches: matchesOf(kept), counters });
}
