import { compareTrees, findInSnapshots, versionsOf } from '../browse/index.ts';
import { CadanganError, isAbort, textOf, type ByteString } from '../platform/index.ts';
import type { Node, StoredSnapshot } from '../repository/index.ts';
import { timeTextOf } from './backup-runs.ts';
import { atLocation, whereItIs, type Answer } from './answer.ts';
import type { Call } from './call.ts';
import { entryInfoOf, rootInfoOf, snapshotInfoOf } from './entry-info.ts';
import { fileContent, filePart } from './file-content.ts';
import type { OpenedRepository } from './opened-repository.ts';
import type { ParamsOf, Procedure } from './procedure.ts';
import { recordOfTaken } from './record-of-taken.ts';
import * as protocol from './protocol.ts';
import { answerReading, type Readable, type ReaderView } from './readers.ts';
import type { Service } from './service.ts';
import { snapshotNamed } from './snapshot-named.ts';

const list = whereItIs(protocol.listSnapshots, atLocation, ({ repositories, log, today }, { location }, call) =>
  repositories.use(location, call, async (opened) => {
    await opened.refresh(call.signal);
    for (const name of opened.unreadableSnapshots)
      log('warning', `snapshot ${name} of ${location} is damaged and cannot be shown; check the repository`);
    for (const name of opened.damagedIndex)
      log('warning', `index ${name} of ${location} is damaged; its packs were read instead; "cadangan repair index" makes it anew`);
    return opened.snapshots.map((snapshot) => snapshotInfoOf(snapshot, today));
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

/** Of what is looked for everywhere: what lies elsewhere is not even counted, or a limit would tell of it. */
function amongReadable<Params>(params: Params, { ids }: Readable): Params & { readonly among: readonly string[] } {
  return { ...params, among: ids };
}

function snapshotsAmong({ snapshots }: OpenedRepository, among: readonly string[] | undefined): readonly StoredSnapshot[] {
  if (among === undefined) return snapshots;
  const wanted = new Set(among);
  return snapshots.filter(({ id }) => wanted.has(id));
}

function ofNamed<Params extends { readonly snapshot: string }>(params: Params, { named }: Readable): Params {
  return { ...params, snapshot: named(params.snapshot) };
}

/** Looking into snapshots. */
export const snapshotProcedures = [
  answerReading(protocol.listSnapshots, (service, location, call) => list(service, { location }, call), list, {
    result: (snapshots, { has }) => snapshots.filter(({ id }) => has(id)),
  }),
  answerReading(protocol.noteTaken, (service, location, call) => list(service, { location }, call), noteTaken, { params: ofNamed }),
  reading(protocol.snapshotLock, { params: ofNamed }, ({ repositories }, { location, snapshot }, call) =>
    repositories.use(location, call, async (opened) => {
      const { id } = snapshotNamed(opened, snapshot);
      return lockInfoOf(await opened.storage.lockedUntilMs?.({ kind: 'snapshots', name: id }, call.signal));
    }),
  ),
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
  reading(protocol.fileVersions, { params: amongReadable }, ({ repositories, today }, { location, path, among }, call) =>
    repositories.use(location, call, async (opened) => {
      await opened.refresh(call.signal);
      const { versions } = await versionsOf(opened.repository, snapshotsAmong(opened, among), path, call.signal);
      return versions.flatMap(({ node, snapshots: [newest, ...others] }) =>
        newest ? [{ snapshot: snapshotInfoOf(newest, today), entry: entryInfoOf(node), alsoIn: others.map(({ id }) => id) }] : [],
      );
    }),
  ),
  reading(
    protocol.compareSnapshots,
    { params: ({ older, newer, ...params }, { named }) => ({ ...params, older: named(older), newer: named(newer) }) },
    ({ repositories }, params, call) => repositories.use(params.location, call, (opened) => compare(opened, params, call.signal)),
  ),
  reading(protocol.findEntries, { params: amongReadable }, ({ repositories, today }, { location, among, ...wanted }, call) =>
    repositories.use(location, call, async (opened) => {
      await opened.refresh(call.signal);
      return find(opened, snapshotsAmong(opened, among), { ...wanted, today }, call.signal);
    }),
  ),
];

function lockInfoOf(untilMs: number | undefined): protocol.SnapshotLock {
  if (untilMs === undefined) return { kind: 'free' };
  return untilMs === Infinity ? { kind: 'legal-hold' } : { kind: 'locked', until: new Date(untilMs).toISOString() };
}

async function fileAt(opened: OpenedRepository, snapshot: string, path: ByteString, signal: AbortSignal): Promise<Node> {
  const node = await opened.nodeAt(snapshotNamed(opened, snapshot), path, signal);
  if (!node) throw new CadanganError('path.not-found', { path: textOf(path), reason: 'not a file but dir' });
  return node;
}

async function noteTaken(service: Service, params: ParamsOf<typeof protocol.noteTaken>, call: Call): Promise<void> {
  const stored = (await list(service, { location: params.location }, call)).find(({ id }) => id === params.snapshot);
  if (stored === undefined) throw new CadanganError('snapshot.not-found', { snapshot: params.snapshot });
  const { clock } = service.world;
  const ended = timeTextOf(Number(clock.nowNs() / 1_000_000n), clock);
  const { keeper } = service;
  await keeper.write((about) =>
    recordOfTaken({ ...params, stored, ended }, { ...about, via: call.via, user: call.user, trigger: 'manual', set: params.set }),
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
  { repository }: OpenedRepository,
  snapshots: readonly StoredSnapshot[],
  { pattern, limit, today }: { readonly pattern: string; readonly limit: number; readonly today: string },
  signal: AbortSignal,
): Promise<readonly protocol.FoundEntry[]> {
  const newestFirst = snapshots.toReversed();
  const found: protocol.FoundEntry[] = [];
  for await (const match of findInSnapshots(repository, newestFirst, { patterns: [pattern], ignoreCase: true, signal })) {
    if (match.kind !== 'entry') continue;
    found.push({ snapshot: snapshotInfoOf(match.snapshot, today), path: match.path, entry: entryInfoOf(match.node) });
    if (found.length >= limit) break;
  }
  return found;
}
