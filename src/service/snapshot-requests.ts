import { compareTrees, findInSnapshots, versionsOf } from '../browse/index.ts';
import { CadanganError, isAbort, textOf } from '../platform/index.ts';
import type { StoredSnapshot } from '../repository/index.ts';
import { answerAt, atLocation } from './answer.ts';
import { entryInfoOf, rootInfoOf, snapshotInfoOf } from './entry-info.ts';
import { fileContent } from './file-content.ts';
import type { OpenedRepository } from './opened-repository.ts';
import * as protocol from './protocol.ts';
import { snapshotNamed } from './snapshot-named.ts';

/** Looking into snapshots. */
export const snapshotProcedures = [
  answerAt(protocol.listSnapshots, atLocation, ({ repositories, log }, { location }, call) =>
    repositories.use(location, call, async (opened) => {
      await opened.refresh(call.signal);
      for (const name of opened.unreadableSnapshots)
        log('warning', `snapshot ${name} of ${location} is damaged and cannot be shown; check the repository`);
      return opened.snapshots.map(snapshotInfoOf);
    }),
  ),
  answerAt(protocol.listFolder, atLocation, ({ repositories }, { location, snapshot, path, offset, limit }, call) =>
    repositories.use(location, call, async (opened) => {
      const folder = await opened.folderAt(snapshotNamed(opened, snapshot), path, call.signal);
      const entries = await opened.trees.entriesOf(folder, call.signal);
      return { entries: entries.slice(offset, offset + limit).map(entryInfoOf), total: entries.length };
    }),
  ),
  answerAt(protocol.statEntry, atLocation, ({ repositories }, { location, snapshot, path }, call) =>
    repositories.use(location, call, async (opened) => {
      const stored = snapshotNamed(opened, snapshot);
      const node = await opened.nodeAt(stored, path, call.signal);
      return node ? entryInfoOf(node) : rootInfoOf(stored);
    }),
  ),
  answerAt(protocol.readFile, atLocation, ({ repositories }, { location, snapshot, path, maxBytes }, call) =>
    repositories.use(location, call, async (opened) => {
      const node = await opened.nodeAt(snapshotNamed(opened, snapshot), path, call.signal);
      if (!node) throw new CadanganError('path.not-found', { path: textOf(path), reason: 'not a file but dir' });
      return fileContent(opened.repository, node, { path, maxBytes, signal: call.signal });
    }),
  ),
  answerAt(protocol.fileVersions, atLocation, ({ repositories }, { location, path }, call) =>
    repositories.use(location, call, async (opened) => {
      await opened.refresh(call.signal);
      const { versions } = await versionsOf(opened.repository, opened.snapshots, path, call.signal);
      return versions.flatMap(({ node, snapshots: [newest, ...others] }) =>
        newest ? [{ snapshot: snapshotInfoOf(newest), entry: entryInfoOf(node), alsoIn: others.map(({ id }) => id) }] : [],
      );
    }),
  ),
  answerAt(protocol.compareSnapshots, atLocation, ({ repositories }, params, call) =>
    repositories.use(params.location, call, (opened) => compare(opened, params, call.signal)),
  ),
  answerAt(protocol.findEntries, atLocation, ({ repositories }, { location, pattern, limit }, call) =>
    repositories.use(location, call, async (opened) => {
      await opened.refresh(call.signal);
      return find(opened, pattern, limit, call.signal);
    }),
  ),
];

async function compare(
  opened: OpenedRepository,
  { older, newer, maxChanges }: protocol.CompareParams,
  signal: AbortSignal,
): Promise<protocol.CompareResult> {
  const [before, after] = [snapshotNamed(opened, older), snapshotNamed(opened, newer)];
  const changes: protocol.CompareResult['changes'][number][] = [];
  const enough = new AbortController();
  try {
    await compareTrees(opened.repository, before.snapshot.tree, after.snapshot.tree, {
      signal: AbortSignal.any([signal, enough.signal]),
      onChange: ({ path, modifier }) => {
        if (changes.length < maxChanges) changes.push({ path, label: textOf(path), modifier });
        else {
          enough.abort();
          throw new CadanganError('aborted');
        }
      },
    });
    return { changes, isComplete: true };
  } catch (error) {
    if (!enough.signal.aborted || signal.aborted || !isAbort(error)) throw error;
    return { changes, isComplete: false };
  }
}

/** In the newest snapshots first. */
async function find(
  opened: OpenedRepository,
  pattern: string,
  limit: number,
  signal: AbortSignal,
): Promise<readonly protocol.FoundEntry[]> {
  const newestFirst: readonly StoredSnapshot[] = opened.snapshots.toReversed();
  const found: protocol.FoundEntry[] = [];
  for await (const match of findInSnapshots(opened.repository, newestFirst, { patterns: [pattern], ignoreCase: true, signal })) {
    if (match.kind !== 'entry') continue;
    found.push({ snapshot: snapshotInfoOf(match.snapshot), path: match.path, entry: entryInfoOf(match.node) });
    if (found.length >= limit) break;
  }
  return found;
}
