import { HostError } from '../../host/index.ts';
import { protocol, type OffsiteState, type RecordRow, type RecordsParams, type SetInfo, type SnapshotInfo } from '../../service/index.ts';
import type { App } from '../app.ts';
import { locationsOf } from '../commands/targets.ts';
import type { ToolName } from '../manifest/tools.ts';
import { errorMessage } from '../presentation/error-text.ts';
import { snapshotPlaceOf } from '../presentation/machine-paths.ts';
import type { ToolInput } from '../presentation/tool-input.ts';

/** What a tool answers: plain data, written as JSON. Every list says how many there are beyond it. */
type Answer = (app: App, input: ToolInput, signal: AbortSignal) => Promise<unknown>;

/** Nobody waits in front of the editor: a password that is not stored is told, not asked for. */
const quiet = (signal: AbortSignal) => ({ isQuiet: true, signal });

export const answers: Readonly<Record<ToolName, Answer>> = {
  cadangan_get_backup_status: async (app, input, signal) => {
    const sets = await setsNamed(app, input.text('set'));
    const summary = await app.engine.request(protocol.recordsSummary, undefined, quiet(signal));
    return { sets: await Promise.all(sets.map((set) => statusOf(app, set, signal))), records: summary };
  },

  cadangan_list_snapshots: async (app, input, signal) => {
    const name = input.text('set');
    const [from = '', to = '9999'] = [input.day('from'), input.day('to')];
    const limit = input.limit(200);
    const { found, failed } = await eachLocation(await setsNamed(app, name), async (location) =>
      (await app.repositories.snapshots(location, quiet(signal))).map((snapshot) => ({ location, snapshot })),
    );
    const fitting = found
      .filter(
        ({ snapshot: { time, tags } }) =>
          (name === undefined || tags.includes(name)) && time.slice(0, 10) >= from && time.slice(0, 10) <= to,
      )
      .toSorted((a, b) => Date.parse(b.snapshot.time) - Date.parse(a.snapshot.time));
    const shown = fitting.slice(0, limit);
    const numbers = await recordNumbers(
      app,
      shown.map(({ snapshot }) => snapshot.id),
      signal,
    );
    return {
      total: fitting.length,
      snapshots: shown.map(({ location, snapshot }) => ({ ...snapshotFacts(snapshot, numbers), repository: location })),
      ...failed,
    };
  },

  cadangan_find_versions: async (app, input, signal) => {
    const path = input.text('path') ?? '';
    const sets = await app.sets.load();
    const located = new Set(locationsOf(path, sets));
    const { found, failed } = await eachLocation(
      sets.filter(({ location }) => located.has(location)),
      async (location) =>
        (await app.engine.request(protocol.fileVersions, { location, path: snapshotPlaceOf(path) }, quiet(signal))).map((version) => ({
          location,
          ...version,
        })),
    );
    const newest = found.toSorted((a, b) => Date.parse(b.snapshot.time) - Date.parse(a.snapshot.time));
    const shown = newest.slice(0, input.limit(100));
    const numbers = await recordNumbers(
      app,
      shown.map(({ snapshot }) => snapshot.id),
      signal,
    );
    return {
      path,
      total: newest.length,
      ...failed,
      versions: shown.map(({ location, snapshot, entry, alsoIn }) => ({
        ...snapshotFacts(snapshot, numbers),
        repository: location,
        type: entry.type,
        sizeBytes: entry.size,
        changedAt: entry.mtime,
        sameContentInSnapshots: alsoIn.length,
      })),
    };
  },

  cadangan_list_records: async (app, input, signal) => {
    const [from, to, set, kind, result] = [input.day('from'), input.day('to'), input.text('set'), input.text('kind'), input.text('result')];
    const wish: RecordsParams = {
      offset: 0,
      limit: input.limit(400),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(set !== undefined && { set }),
      ...(kind !== undefined && { kinds: [kind] }),
      ...(result !== undefined && { results: [result] }),
    };
    const { rows, faults, total } = await app.engine.request(protocol.listRecords, wish, quiet(signal));
    return { total, records: rows.map(rowFacts), ...(faults.length > 0 && { faultsInTheRecords: faults.map(({ text }) => text) }) };
  },
};

async function statusOf(
  app: App,
  { name, title, sources, location, state, lastRun, nextRun, missedWindows, offsite }: SetInfo,
  signal: AbortSignal,
): Promise<unknown> {
  const newest = async (results?: readonly string[]): Promise<RecordRow | undefined> =>
    (
      await app.engine.request(
        protocol.listRecords,
        { offset: 0, limit: 1, set: name, kinds: ['internal-backup'], ...(results && { results }) },
        quiet(signal),
      )
    ).rows[0];
  const [last, lastGood] = await Promise.all([newest(), newest(['success', 'success-with-exceptions'])]);
  return {
    set: name,
    title,
    sources,
    repository: location,
    state,
    nextRun,
    missedWindows,
    ...offsiteFacts(offsite),
    lastRun:
      last === undefined ? undefined : { ...rowFacts(last), error: lastRun?.error === undefined ? undefined : errorMessage(lastRun.error) },
    lastSuccess: lastGood === undefined ? undefined : rowFacts(lastGood),
  };
}

/** Complete is what holds the last snapshot and is in sync; what was not looked at is unknown, not incomplete. */
function offsiteFacts(offsite: OffsiteState | undefined): Readonly<Record<string, unknown>> {
  if (offsite === undefined) return {};
  const { isProtected, state, asOf, since } = offsite;
  const isComplete = state === 'unknown' ? 'unknown' : isProtected && (state === undefined || state === 'in-sync');
  return {
    offsiteCopyIsComplete: isComplete,
    lastSnapshotWasFoundOffsite: isProtected,
    offsiteCopyState: state,
    offsiteCopyStateIsOf: asOf,
    offsiteCopyStateSince: since,
  };
}

function rowFacts({ number, at, kind, set, result, summary, snapshotId, fault }: RecordRow): Readonly<Record<string, unknown>> {
  return { record: number, at, kind, set, result, summary, snapshotId, fault };
}

function snapshotFacts(
  { id, time, host, user, paths, tags, files, bytes }: SnapshotInfo,
  numbers: ReadonlyMap<string, number>,
): Readonly<Record<string, unknown>> {
  return { snapshot: id, time, host, user, paths, tags, files, sizeBytes: bytes, record: numbers.get(id) };
}

/** By snapshot, the number of the record of the run that made it. Other machines' snapshots have none here. */
async function recordNumbers(app: App, snapshots: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  if (snapshots.length === 0) return new Map();
  const { rows } = await app.engine.request(
    protocol.listRecords,
    { offset: 0, limit: snapshots.length, snapshots: [...new Set(snapshots)], kinds: ['internal-backup'] },
    quiet(signal),
  );
  return new Map(rows.flatMap(({ snapshotId, number }) => (snapshotId === undefined ? [] : [[snapshotId, number]])));
}

/** @throws HostError `set.unknown` */
async function setsNamed(app: App, name: string | undefined): Promise<readonly SetInfo[]> {
  const sets = await app.sets.load();
  if (app.sets.state === 'failed') throw app.sets.error;
  if (name === undefined) return sets;
  const set = app.sets.find(name);
  if (set === undefined) throw new HostError({ code: 'set.unknown', facts: { set: name }, message: `no backup set ${name}` });
  return [set];
}

/** What every repository answers; one that does not is named beside what the others said. @throws what the only one throws */
async function eachLocation<Item>(
  sets: readonly SetInfo[],
  ask: (location: string) => Promise<readonly Item[]>,
): Promise<{ readonly found: readonly Item[]; readonly failed: { readonly notRead?: readonly string[] } }> {
  const locations = [...new Set(sets.map(({ location }) => location))];
  const results = await Promise.allSettled(locations.map(ask));
  const found = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  const notRead = results.flatMap((result, at) =>
    result.status === 'rejected'
      ? [`${locations[at] ?? ''}: ${result.reason instanceof HostError ? errorMessage(result.reason.data) : String(result.reason)}`]
      : [],
  );
  return { found, failed: notRead.length === 0 ? {} : { notRead } };
}
