import { compileExcludeRules } from '../../backup/index.ts';
import { noteOfChanges, placeOf, recordOfBegun, recordOfRewrite, rewriteSnapshotsJob, safeName } from '../../jobs/index.ts';
import { CadanganError, currentTimeZone, l10n, offsetMinutesIn, type ByteString, type Clock, system } from '../../platform/index.ts';
import { formatTimestamp } from '../../repository/index.ts';
import type { RewrittenSnapshot } from '../../upkeep/index.ts';
import { accessOf, collect, type CliCommand, type CommandContext } from '../command.ts';
import { tellExceptions } from '../exception-report.ts';
import { exitCodeOfResult } from '../exit-code.ts';
import { jsonObject, printJson } from '../json.ts';
import { addSnapshotFilter, snapshotFilterOf, snapshotText } from '../snapshot-view.ts';
import { stepLine } from '../step-line.ts';
import { parseTimeArgument } from '../time-argument.ts';
import { recordedRun } from './records-keeper.ts';
import { modifiedText, replacedLines } from './repair.ts';

export const rewriteCommand: CliCommand = {
  name: 'rewrite',
  takesBytes: true,
  declare: (command) => {
    command
      .description(l10n.t('Make snapshots anew without files that should not be in them.'))
      .argument('[ids...]', l10n.t('only these: ids, beginnings of ids, or "latest"'))
      .option('-e, --exclude <pattern>', l10n.t('leave out what matches (may be repeated)'), collect)
      .option('--iexclude <pattern>', l10n.t('as --exclude, in any case of letters (may be repeated)'), collect)
      .option('--exclude-file <file>', l10n.t('read patterns to leave out from a file (may be repeated)'), collect)
      .option('--iexclude-file <file>', l10n.t('as --exclude-file, in any case of letters (may be repeated)'), collect)
      .option('--new-host <host>', l10n.t('another host name'))
      .option('--new-time <time>', l10n.t('another time, e.g. "2012-11-01 22:08:41"'))
      .option('--forget', l10n.t('remove the old ones when the new ones are there'))
      .option('-n, --dry-run', l10n.t('write nothing, show what would be done'));
    addSnapshotFilter(command);
  },
  run: async (context, ids, options) => {
    const { terminal, globals, environment, clock } = context;
    const rules = await compileExcludeRules(
      {
        excludes: options.rawList('exclude'),
        iexcludes: options.rawList('iexclude'),
        excludeFiles: options.rawList('excludeFile'),
        iexcludeFiles: options.rawList('iexcludeFile'),
      },
      { environment, windows: system.isWindows },
    );
    const [newHost, newTime] = [options.text('newHost'), options.text('newTime')];
    if (rules.isEmpty && newHost === undefined && newTime === undefined)
      throw new CadanganError('arguments.invalid', { option: '--exclude', reason: 'nothing to leave out is named, and nothing to change' });
    const access = await accessOf(context);
    const { location } = access;
    const [dryRun, forget] = [options.flag('dryRun'), options.flag('forget')];
    const jobOptions = {
      ids,
      filter: snapshotFilterOf(options),
      excludes: (path: ByteString) => rules.excludesPath(path),
      newHost,
      newTime: newTime === undefined ? undefined : timeText(parseTimeArgument(newTime, 'new-time', clock), clock),
      dryRun,
      forget,
      timeZone: currentTimeZone(),
      compression: globals.compression,
      extraVerify: globals.extraVerify,
      onSnapshot: (rewritten: RewrittenSnapshot) => printRewritten(context, rewritten, forget),
      onExcluded: (_id: string, path: ByteString) => {
        if (globals.verbosity >= 2 && !globals.json) terminal.print(`${l10n.t('leaving out {0}', safeName(path))}`);
      },
      progress: stepLine(context, 'snapshot'),
    };
    const result = dryRun
      ? await rewriteSnapshotsJob(access, jobOptions)
      : await recordedRun(context, {
          begun: (about) => recordOfBegun('snapshots-rewritten', 'rewrite', about, { destination: placeOf(location, about.settings) }),
          work: (_keeper, note) => rewriteSnapshotsJob(access, { ...jobOptions, onChange: (changes) => note(noteOfChanges(changes)) }),
          record: (done, about) => recordOfRewrite(done, { ...about, location, patterns: rules.patterns }),
        });
    tellExceptions(context, result, 'rewrite');
    if (!result.details) throw result.error;
    const { snapshots } = result.details;
    const changed = snapshots.filter(({ fate }) => fate === 'replaced').length;
    if (globals.json) {
      const told = snapshots.map(({ stored, fate, newId }) => jsonObject({ id: stored.id, result: fate, new_id: newId }));
      printJson(terminal, jsonObject({ message_type: 'summary', dry_run: dryRun || undefined, snapshots: told }));
    } else if (!globals.quiet) terminal.print(modifiedText(changed, dryRun));
    return exitCodeOfResult(result);
  },
};

/** In the zone of the configuration, else local time. */
function timeText(ns: bigint, clock: Clock): string {
  const zone = currentTimeZone();
  return formatTimestamp(ns, zone === undefined ? clock.offsetMinutes(ns) : offsetMinutesIn(zone, ns));
}

function printRewritten(
  { terminal, globals, clock }: CommandContext,
  { stored, fate, ...replacement }: RewrittenSnapshot,
  forget: boolean,
): void {
  if (globals.json || globals.quiet || fate !== 'replaced') return;
  terminal.print(`${l10n.t('snapshot {0}', snapshotText(stored, clock))}:`);
  for (const line of replacedLines(replacement, forget)) terminal.print(`  ${line}`);
}
