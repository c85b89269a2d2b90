import type { Command } from 'commander';
import { safeText } from '../jobs/index.ts';
import { l10n, type Clock } from '../platform/index.ts';
import {
  isJsonObject,
  parseExact,
  serializeSnapshot,
  type JsonObject,
  type SnapshotFilter,
  type StoredSnapshot,
} from '../repository/index.ts';
import { collect } from './command.ts';
import type { OptionValues } from './option-values.ts';
import { localTimeText } from './time-argument.ts';

/** The options that say which snapshots are meant, by restic's names. */
export function addSnapshotFilter(command: Command): void {
  command
    .option('-H, --host <host>', l10n.t('only snapshots of this host (may be repeated)'), collect)
    .option('--tag <tags>', l10n.t('only snapshots with all of these tags, separated by commas (may be repeated)'), collect)
    .option('--path <path>', l10n.t('only snapshots that include this absolute path (may be repeated)'), collect);
}

/** Of what leaves the backup. */
export function addRequestOption(command: Command): void {
  command.option('--request <text>', l10n.t('on whose request it is restored, and why; stands in the record'));
}

/** Instead of a repository: what a configured set has there, asked of the process that serves the sets. */
export function addSetOption(command: Command): void {
  command.option(
    '--set <name>',
    l10n.t('of this configured backup set, asked of the service or the process that serves the windows; no password is needed'),
  );
}

export function snapshotFilterOf(options: OptionValues): SnapshotFilter {
  return { hosts: options.list('host'), tagLists: options.tagLists('tag'), paths: options.list('path') };
}

/** The first eight digits: what people read, and what commands take. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** The snapshot's own JSON with its ids, as in restic. */
export function snapshotJson({ id, snapshot }: StoredSnapshot): JsonObject {
  const json = parseExact(serializeSnapshot(snapshot));
  return { ...(isJsonObject(json) && json), id, short_id: shortId(id) };
}

/** `38f25a23 of /srv at 2026-11-23 12:52:21 by root@srv-01`. */
export function snapshotText({ id, snapshot, timeNs }: StoredSnapshot, clock: Clock): string {
  const by = safeText(`${snapshot.username}@${snapshot.hostname}`);
  return l10n.t('{id} of {paths} at {time} by {by}', {
    id: shortId(id),
    paths: snapshot.paths.map(safeText).join(', '),
    time: localTimeText(timeNs, clock),
    by,
  });
}
