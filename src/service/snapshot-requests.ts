import { compareTrees, findInSnapshots, versionsOf } from '../browse/index.ts';
import { CadanganError, isAbort, textOf, type ByteString } from '../platform/index.ts';
import type { Node, StoredSnapshot } from '../repository/index.ts';
import { atLocation, whereItIs, type Answer } from './answer.ts';
import type { Call } from './call.ts';
import { entryInfoOf, rootInfoOf, snapshotInfoOf } from './entry-info.ts';
import { fileContent, filePart } from './file-content.ts';
import type { OpenedRepository } from './opened-repository.ts';
import type { Procedure } from './procedure.ts';
import * as protocol from './protocol.ts';
import { answerReading, type Readable, type ReaderView } from './readers.ts';
import type { Service } from './service.ts';
import { snapshotNamed } from './snapshot-named.ts';

const list = whereItIs(protocol.listSnapshots, atLocation, ({ repositories, log }, { location }, call) =>
  repositories.use(location, call, async (opened) => {
    await opened.refresh(call.signal);
    for (const name of opened.unreadableSnapshots)
      log('warning', `snapshot ${name} of ${location} is damaged and cannot be shown; check the repository`);
    return opened.snapshots.map(snapshotInfoOf);
  }),
);

/** Of the repository that it names, and of what whoever asks may read there. */
function reading<Params extends { readonly location: string }, Result>(
  procedure: Procedure<Params, Result>,
  view: ReaderView<NoInfer<Params>, NoInfer<Result>>,
  work: (service: Service, params: NoInfer<Params>, call: Call) => Promise<NoInfer<Result>>,
): Answer {
  return answerReading(
    procedure,
    (service, location, call) => list(service, { location }, call),
    whereItIs(procedure, atLocation, work),
    view,
  );
}

function ofNamed<Params extends { readonly snapshot: string }>(params: Params, { named }: Readable): Params {
  return { ...params, snapshot: named(params.snapshot) };
}

/** Looking into snapshots. */
export const snapshotProcedures = [
  answerReading(protocol.listSnapshots, (service, location, call) => list(service, { location }, call), list, {
    result: (snapshots, { has }) => snapshots.filter(({ id }) => has(id)),
  }),
  reading(protocol.listFolder, { params: ofNamed }, ({ repositories }, { location, snapshot, path, offset, limit }, call) =>
    repositories.use(location, call, async (opened) => {
      const folder = await opened.folderAt(snapshotNamed(opened, snapshot), path, call.signal);
      const entries = await opened.trees.entriesOf(folder, call.signal);
      return { entries: entries.slice(offset, offset + limit).map(entryInfoOf), total: entries.length };
    }),
  ),
  reading(protocol.statEntry, { params: ofNamed }, ({ repositories }, { location, snapshot, path }, call) =>
    repositories.use(location, call, async (opened) => {
      const stored = snapshotNamed(opened, snapshot);
      const node = await opened.nodeAt(stored, path, call.signal);
      return node ? entryInfoOf(node) : rootInfoOf(stored);
    }),
  ),
  reading(protocol.readFile, { params: ofNamed }, ({ repositories }, { location, snapshot, path, maxBytes }, call) =>
    repositories.use(location, call, async (opened) => {
      const node = await fileAt(opened, snapshot, path, call.signal);
      return fileContent(opened.repository, node, { path, maxBytes, signal: call.signal });
    }),
  ),
  reading(protocol.readFilePart, { params: ofNamed }, ({ repositories }, { location, snapshot, path, from, maxBytes }, call) =>
    repositories.use(location, call, async (opened) => {
      const node = await fileAt(opened, snapshot, path, call.signal);
      return filePart(opened.repository, node, { path, from, maxBytes, signal: call.signal });
    }),
  ),
  reading(protocol.fileVersions, { result: readableVersions }, ({ repositories }, { location, path }, call) =>
    repositories.use(location, call, async (opened) => {
      await opened.refresh(call.signal);
      const { versions } = await versionsOf(opened.repository, opened.snapshots, path, call.signal);
      return versions.flatMap(({ node, snapshots: [newest, ...others] }) =>
        newest ? [{ snapshot: snapshotInfoOf(newest), entry: entryInfoOf(node), alsoIn: others.map(({ id }) => id) }] : [],
      );
    }),
  ),
  reading(
    protocol.compareSnapshots,
    { params: ({ older, newer, ...params }, { named }) => ({ ...params, older: named(older), newer: named(newer) }) },
    ({ repositories }, params, call) => repositories.use(params.location, call, (opened) => compare(opened, params, call.signal)),
  ),
  reading(
    protocol.findEntries,
    { result: (found, { has }) => found.filter(({ snapshot }) => has(snapshot.id)) },
    ({ repositories }, { location, pattern, limit }, call) =>
      repositories.use(location, call, async (opened) => {
        await opened.refresh(call.signal);
        return find(opened, pattern, limit, call.signal);
      }),
  ),
];

/** A version that others have too is told of by a snapshot that may be read. */
function readableVersions(versions: readonly protocol.VersionInfo[], { has }: Readable): readonly protocol.VersionInfo[] {
  return versions.filter(({ snapshot }) => has(snapshot.id)).map((version) => ({ ...version, alsoIn: version.alsoIn.filter(has) }));
}

async function fileAt(opened: OpenedRepository, snapshot: string, path: ByteString, signal: AbortSignal): Promise<Node> {
  const node = await opened.nodeAt(snapshotNamed(opened, snapshot), path, signal);
  if (!node) throw new CadanganError('path.not-found', { path: textOf(path), reason: 'not a file but dir' });
  return node;
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
