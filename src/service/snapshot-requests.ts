import { compareTrees, findInSnapshots, versionsOf } from '../browse/index.ts';
import { CadanganError, isAbort, textOf } from '../platform/index.ts';
import type { StoredSnapshot } from '../repository/index.ts';
import type { Channel } from './channel.ts';
import { entryInfoOf, rootInfoOf, snapshotInfoOf } from './entry-info.ts';
import { fileContent } from './file-content.ts';
import type { OpenedRepository } from './opened-repository.ts';
import { compareParams, entryParams, findParams, folderParams, readFileParams, repositoryParams, versionsParams } from './params.ts';
import * as protocol from './protocol.ts';
import type { Session } from './session.ts';
import { snapshotNamed } from './snapshot-named.ts';

/** Looking into snapshots. */
export function handleSnapshotRequests(channel: Channel, session: () => Session): void {
  const use = <T>(location: string, signal: AbortSignal, work: (opened: OpenedRepository) => Promise<T>): Promise<T> =>
    session().repositories.use(location, { mayAsk: true, signal }, work);

  channel.handle(protocol.listSnapshots, repositoryParams, ({ location }, signal) =>
    use(location, signal, async (opened) => {
      await opened.refresh();
      for (const name of opened.unreadableSnapshots)
        channel.log('warning', `snapshot ${name} of ${location} is damaged and cannot be shown; check the repository`);
      return opened.snapshots.map(snapshotInfoOf);
    }),
  );
  channel.handle(protocol.listFolder, folderParams, ({ location, snapshot, path, offset, limit }, signal) =>
    use(location, signal, async (opened) => {
      const folder = await opened.folderAt(snapshotNamed(opened, snapshot), path, signal);
      const entries = await opened.trees.entriesOf(folder, signal);
      return { entries: entries.slice(offset, offset + limit).map(entryInfoOf), total: entries.length };
    }),
  );
  channel.handle(protocol.statEntry, entryParams, ({ location, snapshot, path }, signal) =>
    use(location, signal, async (opened) => {
      const stored = snapshotNamed(opened, snapshot);
      const node = await opened.nodeAt(stored, path, signal);
      return node ? entryInfoOf(node) : rootInfoOf(stored);
    }),
  );
  channel.handle(protocol.readFile, readFileParams, ({ location, snapshot, path, maxBytes }, signal) =>
    use(location, signal, async (opened) => {
      const node = await opened.nodeAt(snapshotNamed(opened, snapshot), path, signal);
      if (!node) throw new CadanganError('path.not-found', { path: textOf(path), reason: 'not a file but dir' });
      return fileContent(opened.repository, node, { path, maxBytes, signal });
    }),
  );
  channel.handle(protocol.fileVersions, versionsParams, ({ location, path }, signal) =>
    use(location, signal, async (opened) => {
      await opened.refresh();
      const { versions } = await versionsOf(opened.repository, opened.snapshots, path, signal);
      return versions.flatMap(({ node, snapshots: [newest, ...others] }) =>
        newest ? [{ snapshot: snapshotInfoOf(newest), entry: entryInfoOf(node), alsoIn: others.map(({ id }) => id) }] : [],
      );
    }),
  );
  channel.handle(protocol.compareSnapshots, compareParams, (params, signal) =>
    use(params.location, signal, (opened) => compare(opened, params, signal)),
  );
  channel.handle(protocol.findEntries, findParams, ({ location, pattern, limit }, signal) =>
    use(location, signal, async (opened) => {
      await opened.refresh();
      return find(opened, pattern, limit, signal);
    }),
  );
}

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
