import { describeError, describeException, notFile, type Outcome as JobOutcome, safeName, safeText } from '../jobs/index.ts';
import { type ByteString, byteStringFromRaw, type Clock, isAbort, l10n, machinePath, pathBelow, textOf } from '../platform/index.ts';
import { formatTimestamp, parseTimestamp } from '../repository/index.ts';
import type { EntryInfo, SnapshotInfo } from '../service/index.ts';
import type { CommandContext } from './command.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import { reportExceptions } from './exception-report.ts';
import { jsonObject, noteJson, printJson } from './json.ts';
import { modeText } from './node-view.ts';
import type { OptionValues } from './option-values.ts';
import { restoreFromSet, type SetRestored } from './set-restore.ts';
import { pathWithin, refuseBesideSet, withSnapshotsOf, type SetSnapshots } from './set-snapshots.ts';
import { shortId } from './snapshot-view.ts';
import { tableLines } from './table.ts';
import { localTimeText } from './time-argument.ts';
import { countText, durationText, sizeText } from './units.ts';

/** `snapshots --set` */
export async function snapshotsOfSet(
  context: CommandContext,
  name: string,
  ids: readonly string[],
  options: OptionValues,
): Promise<ExitCode> {
  refuseBesideSet(options, context, ['groupBy', 'latest']);
  const { terminal, globals, clock } = context;
  const infos = await withSnapshotsOf(name, context, async (set) =>
    ids.length === 0 ? set.list() : Promise.all(ids.map(async (id) => (await set.open(id)).info)),
  );
  if (globals.json) printJson(terminal, infos.map(snapshotJson));
  else {
    const isCompact = options.flag('compact');
    const basic = [{ title: 'ID' }, { title: l10n.t('Time') }, { title: l10n.t('Host') }, { title: l10n.t('Tags') }];
    const columns = isCompact ? basic : [...basic, { title: l10n.t('Paths') }, { title: l10n.t('Size'), align: 'right' as const }];
    const rows = infos.map(({ id, time, host, tags, paths, bytes }) => {
      const cells = [shortId(id), timeText(time, clock), safeText(host), tags.map(safeText).join(',')];
      return isCompact ? cells : [...cells, paths.map(safeText), bytes === undefined ? '' : sizeText(bytes)];
    });
    for (const line of tableLines(columns, rows, countText(rows.length, 'snapshot'))) terminal.print(line);
  }
  return exitCode.done;
}

/** `ls --set` */
export async function lsOfSet(
  context: CommandContext,
  name: string,
  { snapshot, wanted, recursive }: { readonly snapshot: string; readonly wanted: readonly ByteString[]; readonly recursive: boolean },
  options: OptionValues,
): Promise<ExitCode> {
  refuseBesideSet(options, context);
  const { terminal, globals, clock } = context;
  const isLong = options.flag('long');
  const print = (path: ByteString, entry: EntryInfo): void => {
    if (globals.json) printJson(terminal, entryJson(path, entry));
    else terminal.print(isLong ? longLine(path, entry, clock) : safeName(path));
  };
  return withSnapshotsOf(name, context, async (set) => {
    const { info, folder } = await set.open(snapshot);
    if (globals.json) printJson(terminal, { ...snapshotJson(info), message_type: 'snapshot', struct_type: 'snapshot' });
    else if (!globals.quiet) terminal.print(`${l10n.t('snapshot {0}', snapshotText(info, clock))}:`);
    for (const below of wanted.length === 0 ? [undefined] : wanted) {
      const start = below === undefined ? folder : pathWithin(folder, below);
      const own = below === undefined || start === folder ? undefined : await set.stat(info.id, start);
      if (own) print(pathBelow(folder, start), own);
      if (own !== undefined && own.type !== 'dir') continue;
      for await (const { path, entry } of set.entries(info.id, start, recursive)) print(pathBelow(folder, path), entry);
    }
    return exitCode.done;
  });
}

/** `dump --set` */
export async function dumpOfSet(
  context: CommandContext,
  name: string,
  { snapshot, file }: { readonly snapshot: string; readonly file: string },
  options: OptionValues,
): Promise<ExitCode> {
  refuseBesideSet(options, context);
  return withSnapshotsOf(name, context, async (set) => {
    const { info, folder } = await set.open(snapshot);
    const path = pathWithin(folder, byteStringFromRaw(file));
    if (path === folder) throw notFile(file, '');
    const { type } = await set.stat(info.id, path);
    if (type !== 'file') throw notFile(file, type);
    const take: Take = { job: 'dump', snapshot: info.id, folder, chosen: [file], request: options.text('request') };
    await recorded(context, set, take, async () => {
      let taken = 0;
      for await (const bytes of set.bytes(info.id, path)) {
        await context.terminal.writeBytes(bytes);
        taken += bytes.length;
      }
      return { files: 1, bytes: taken, exceptions: [] };
    });
    return exitCode.done;
  });
}

interface Take {
  readonly job: 'restore' | 'dump';
  readonly snapshot: string;
  readonly folder: ByteString;
  readonly chosen: readonly string[];
  readonly target?: string;
  readonly request: string | undefined;
}

const exceptionsMax = 1000;

/** Has it recorded by the service, whose history it is, what came of it. A record that cannot be written is an exception of the command. */
async function recorded<Taken extends Pick<SetRestored, 'files' | 'bytes' | 'exceptions'>>(
  { clock, terminal, noteUnrecorded }: CommandContext,
  set: SetSnapshots,
  { request, ...take }: Take,
  work: () => Promise<Taken>,
): Promise<Taken> {
  const nowNs = clock.nowNs();
  const started = formatTimestamp(nowNs, clock.offsetMinutes(nowNs));
  const note = async (
    outcome: JobOutcome,
    { files, bytes, exceptions }: Pick<SetRestored, 'files' | 'bytes' | 'exceptions'>,
  ): Promise<void> => {
    const told = exceptions.slice(0, exceptionsMax).map(({ item, kind, reason }) => ({ item, kind, reason }));
    const why = request === undefined || request.trim() === '' ? {} : { request };
    await set
      .noteTaken({ ...take, ...why, started, outcome, files, bytes, exceptions: told, exceptionCount: exceptions.length })
      .catch((error: unknown) => {
        terminal.note(l10n.t('this was not recorded: {0}', describeError(error).what));
        noteUnrecorded();
      });
  };
  try {
    const taken = await work();
    await note(taken.exceptions.length > 0 ? 'success-with-exceptions' : 'success', taken);
    return taken;
  } catch (error) {
    await note(isAbort(error) ? 'stopped' : 'failed', { files: 0, bytes: 0, exceptions: [] });
    throw error;
  }
}

const ofRepositoryAlone = ['include', 'iinclude', 'exclude', 'iexclude', 'overwrite', 'delete', 'sparse', 'verify', 'dryRun'] as const;

/** `restore --set`: into a folder of whoever asks, who owns what is restored. Nothing that exists is replaced. */
export async function restoreOfSet(
  context: CommandContext,
  name: string,
  { snapshot, target }: { readonly snapshot: string; readonly target: string },
  options: OptionValues,
): Promise<ExitCode> {
  refuseBesideSet(options, context, ofRepositoryAlone);
  const { terminal, globals, clock, signal } = context;
  const startMs = clock.monotonicMs();
  const restored = await withSnapshotsOf(name, context, async (set) => {
    const { info, folder } = await set.open(snapshot);
    if (!globals.quiet && !globals.json)
      terminal.print(l10n.t('restoring snapshot {0} to {1}', snapshotText(info, clock), safeText(target)));
    const take: Take = {
      job: 'restore',
      snapshot: info.id,
      folder,
      chosen: [],
      target: machinePath(target),
      request: options.text('request'),
    };
    return recorded(context, set, take, () => restoreFromSet(set, { snapshot: info.id, folder, target, signal }));
  });
  tell(context, restored, clock.monotonicMs() - startMs);
  return restored.exceptions.length > 0 ? exitCode.exceptions : exitCode.done;
}

function tell({ terminal, globals }: CommandContext, { files, folders, links, bytes, exceptions }: SetRestored, elapsedMs: number): void {
  if (globals.json) {
    for (const { item, kind, reason } of exceptions)
      noteJson(terminal, { message_type: 'error', error: { message: describeException(kind, reason) }, during: 'restore', item });
    const summary = { message_type: 'summary', seconds_elapsed: Math.floor(elapsedMs / 1000) || undefined };
    return printJson(
      terminal,
      jsonObject({ ...summary, total_files: files, files_restored: files, total_bytes: bytes, bytes_restored: bytes }),
    );
  }
  reportExceptions(terminal, { exceptions, exceptionCount: exceptions.length }, globals.verbosity);
  if (globals.quiet) return;
  terminal.print(
    l10n.t('restored {files}, {folders}, {links}: {size} in {duration}', {
      files: countText(files, 'file'),
      folders: countText(folders, 'folder'),
      links: countText(links, 'link'),
      size: sizeText(bytes),
      duration: durationText(elapsedMs),
    }),
  );
}

function snapshotJson({ id, time, host, user, paths, tags }: SnapshotInfo): ReturnType<typeof jsonObject> {
  return jsonObject({ time, paths: [...paths], hostname: host, username: user, tags: [...tags], id, short_id: shortId(id) });
}

function snapshotText({ id, time, host, user, paths }: SnapshotInfo, clock: Clock): string {
  return l10n.t('{id} of {paths} at {time} by {by}', {
    id: shortId(id),
    paths: paths.map(safeText).join(', '),
    time: timeText(time, clock),
    by: safeText(`${user}@${host}`),
  });
}

function entryJson(path: ByteString, { name, type, size, mode, user, mtime, ctime }: EntryInfo): ReturnType<typeof jsonObject> {
  const file = type === 'file' ? size : undefined;
  const names = { name: textOf(name), type, path: textOf(path), size: file, permissions: modeText(mode) };
  return jsonObject({ ...names, mode, mtime, ctime, user: user || undefined, message_type: 'node', struct_type: 'node' });
}

function longLine(path: ByteString, { type, mode, user, size, mtime, linkTarget }: EntryInfo, clock: Clock): string {
  const letter = { dir: 'd', symlink: 'L' }[type] ?? '-';
  const target = linkTarget === undefined ? '' : ` -> ${safeText(linkTarget)}`;
  const what = `${letter}${modeText(mode).slice(1)} ${safeText(user).padEnd(11)} ${String(size).padStart(10)}`;
  return `${what} ${timeText(mtime, clock)} ${safeName(path)}${target}`;
}

function timeText(time: string, clock: Clock): string {
  return localTimeText(parseTimestamp(time).ns, clock);
}
