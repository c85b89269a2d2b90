import { copySnapshotsJob, placeOf, recordOfBegun, recordOfSnapshotCopy } from '../../jobs/index.ts';
import { l10n } from '../../platform/index.ts';
import type { CopiedSnapshot } from '../../upkeep/index.ts';
import { accessOf, type CliCommand, type CommandContext } from '../command.ts';
import { tellExceptions } from '../exception-report.ts';
import { exitCodeOfResult } from '../exit-code.ts';
import { addFromRepository, fromAccess } from '../from-repository.ts';
import { jsonObject, printJson } from '../json.ts';
import { addSnapshotFilter, shortId, snapshotFilterOf, snapshotText } from '../snapshot-view.ts';
import { stepLine } from '../step-line.ts';
import { countText, sizeText } from '../units.ts';
import { recordedRun } from './records-keeper.ts';

export const copyCommand: CliCommand = {
  name: 'copy',
  declare: (command) => {
    command
      .description(l10n.t('Copy snapshots of another repository into this one, with all that they need.'))
      .argument('[ids...]', l10n.t('only these: ids, beginnings of ids, or "latest"'));
    addFromRepository(command);
    addSnapshotFilter(command);
  },
  run: async (context, ids, options) => {
    const { terminal, globals } = context;
    const from = await fromAccess(context, options);
    // Whoever writes has a lock.
    const into = { ...(await accessOf(context)), noLock: false };
    const { compression, extraVerify } = globals;
    const filter = snapshotFilterOf(options);
    const onSnapshot = (copied: CopiedSnapshot): void => printCopied(context, copied);
    const result = await recordedRun(context, {
      begun: (about) =>
        recordOfBegun('snapshots-copied', 'copy-snapshots', about, {
          source: placeOf(from.location, about.settings),
          destination: placeOf(into.location, about.settings),
        }),
      work: () =>
        copySnapshotsJob(from, into, { ids, filter, compression, extraVerify, onSnapshot, progress: stepLine(context, 'snapshot') }),
      record: (done, about) => recordOfSnapshotCopy(done, { ...about, location: into.location, from: from.location }),
    });
    tellExceptions(context, result, 'copy');
    if (!result.details) throw result.error;
    const { snapshots, totals, cutsAlike } = result.details;
    if (globals.json) {
      printJson(
        terminal,
        jsonObject({
          message_type: 'summary',
          snapshots: snapshots.map(({ stored, fate, newId }) => jsonObject({ id: stored.id, result: fate, new_id: newId })),
          data_blobs: totals.dataBlobs,
          tree_blobs: totals.treeBlobs,
          data_added: totals.plainBytes,
          data_added_packed: totals.packedBytes,
        }),
      );
    } else if (!globals.quiet) {
      const copied = snapshots.filter(({ fate }) => fate === 'copied').length;
      terminal.print(
        l10n.t('copied {snapshots}: {size} stored', { snapshots: countText(copied, 'snapshot'), size: sizeText(totals.packedBytes) }),
      );
      if (!cutsAlike && copied > 0)
        terminal.note(
          l10n.t(
            'The two repositories cut files at different places: what is backed up there from now on shares little with what was copied.',
          ),
        );
    }
    return exitCodeOfResult(result);
  },
};

function printCopied({ terminal, globals, clock }: CommandContext, { stored, fate, newId }: CopiedSnapshot): void {
  if (globals.json || globals.quiet) return;
  const names = { id: shortId(newId ?? ''), source: shortId(stored.id) };
  if (fate === 'copied') {
    terminal.print(`${l10n.t('snapshot {0}', snapshotText(stored, clock))}:`);
    terminal.print(`  ${l10n.t('snapshot {id} saved, copied from source snapshot {source}', names)}`);
  } else if (fate === 'there') {
    if (globals.verbosity > 0) terminal.print(l10n.t('skipping source snapshot {source}, was already copied to snapshot {id}', names));
  } else terminal.note(l10n.t('source snapshot {0} was not copied: it cannot be read whole', names.source));
}
