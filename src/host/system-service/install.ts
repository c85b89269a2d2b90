import { chmod, chown, lchown, lstat, stat } from 'node:fs/promises';
import { dirname, join, posix, win32 } from 'node:path';
import {
  CadanganError,
  makeFolder,
  movedStateFile,
  readFile,
  serviceSeatFile,
  systemCode,
  textOfFile,
  writeWhole,
  type Clock,
  type Random,
} from '../../platform/index.ts';
import { RecordHistory } from '../../records/index.ts';
import { loadConfiguration, parseConfiguration } from '../../settings/index.ts';
import type { ServiceSeat } from '../address.ts';
import { programsWithoutRights } from './gained-rights.ts';
import { nodeFlags } from '../start-host.ts';
import {
  accountCommand,
  managerCheck,
  closeFolderCommands,
  closeStateCommands,
  runCommands,
  startCommands,
  type CommandRunner,
  type SystemCommand,
} from './commands.ts';
import { systemCrontab, withUserLines } from './cron-lines.ts';
import type { ServiceDescription } from './description.ts';
import { endService, sendHostAway, withHostAtRest } from './host-at-rest.ts';
import { launchdPlist } from './launchd-plist.ts';
import { isUnfinished, mayBeMoved, moveState } from './move-state.ts';
import { accountNamed, type Account, type ServicePlace } from './place.ts';
import {
  currentName,
  makeOpenFolder,
  placeCopy,
  programCopyOf,
  removeOtherCopies,
  switchTo,
  versionOfCopy,
  type ProgramCopy,
} from './program-copies.ts';
import { rightsOf } from './rights.ts';
import { systemUnit, userUnit } from './systemd-unit.ts';
import { taskXml } from './task-xml.ts';

/** What is to be installed, and from where. */
export interface InstallWish {
  readonly place: ServicePlace;
  /** The folder of `package.json` and `dist/`. */
  readonly program: string;
  readonly node: string;
  /** Whose state and configuration become the system's; undefined: nobody's. */
  readonly takeOver?: { readonly stateFolder: string | undefined; readonly configFile: string | undefined } | undefined;
  /** What cron has for this user now. */
  readonly crontab?: string | undefined;
}

/** A file that is written. */
export interface PlannedFile {
  readonly path: string;
  readonly mode: number;
  readonly owner: string;
  /** What it holds; undefined: a copy of `source`. */
  readonly text?: string | undefined;
  readonly source?: string | undefined;
  /** In the copy, what is named in a folder that moves is named where it will be. */
  readonly moves?: { readonly from: string; readonly to: string } | undefined;
  /** Where it leads, if it is a link. */
  readonly target?: string | undefined;
}

export interface InstallPlan {
  readonly place: ServicePlace;
  readonly copy: ProgramCopy;
  readonly description: ServiceDescription;
  /** All of them, those of the program among them. */
  readonly files: readonly PlannedFile[];
  /** The state that is moved. */
  readonly move: { readonly from: string; readonly to: string } | undefined;
  readonly before: readonly SystemCommand[];
  readonly after: readonly SystemCommand[];
  /** When the service from before has ended. */
  readonly start: readonly SystemCommand[];
}

export interface InstallWorld {
  readonly clock: Clock;
  readonly random: Random;
  /** Of the program that installs. */
  readonly version: string;
  readonly programVersion: string;
  /** Undefined: none is run, as below another root. */
  readonly run: CommandRunner | undefined;
}

export interface Installed {
  /** The version that counted before, where it was another one. */
  readonly replaced: string | undefined;
  readonly version: string;
  readonly hasMoved: boolean;
}

/** It is no file of ours: cron keeps it, and is given it. */
const crontabOfUser = 'crontab';

/** What `installService` would do. Changes nothing. */
export async function planInstall(wish: InstallWish): Promise<InstallPlan> {
  const { place, takeOver } = wish;
  const copy = await programCopyOf(wish.program, wish.node);
  const configSource = place.scope === 'system' && !(await exists(place.configFile)) ? takeOver?.configFile : undefined;
  const hasSource = configSource !== undefined && (await exists(configSource));
  const move = await moveOf(place, takeOver?.stateFolder);
  const loaded = await loadConfiguration(hasSource ? configSource : place.configFile);
  const { configuration } = hasSource && loaded.text !== undefined ? parseConfiguration(movedPaths(loaded.text, move)) : loaded;
  const [helpless] = await programsWithoutRights(place, configuration, process.env);
  if (helpless) throw new CadanganError('service.no-new-rights', { set: helpless.name, program: helpless.program });
  const description: ServiceDescription = {
    command: commandOf(wish, copy),
    account: place.account,
    stateFolder: place.stateFolder,
    runtimeFolder: place.runtimeFolder,
    rights: rightsOf(configuration),
  };
  const files: PlannedFile[] = [...programFiles(place, copy), ...unitFiles(wish, description)];
  if (place.scope === 'system') {
    if (hasSource) files.push({ path: place.configFile, mode: 0o644, owner: 'root', source: configSource, moves: move });
    files.push({ path: serviceSeatFile(place.stateFolder), mode: 0o644, owner: 'root', text: seatText(place) });
  }
  if (move) files.push({ path: movedStateFile(move.from), mode: 0o600, owner: 'its owner', text: JSON.stringify({ to: move.to }) });
  const userCron = files.find(({ path }) => path === crontabOfUser);
  const after: readonly SystemCommand[] =
    userCron === undefined ? [...closeStateCommands(place), ...startCommands(place)] : [{ argv: ['crontab', '-'], input: userCron.text }];
  const needsAccount = place.scope === 'system' && posixManager(place) && accountNamed(place.account) === undefined;
  const before = [...managerCheck(place), ...(needsAccount ? [accountCommand(place)] : closeFolderCommands(place))];
  return { place, copy, description, files, move, before, after, start: runCommands(place) };
}

/**
 * Installs what was planned, or brings it up to date; safe to repeat, also after it was interrupted.
 * @throws `service.denied`, `service.manager`, `service.unsupported`, `host.unreachable`; the system's errors
 */
export async function installService(plan: InstallPlan, world: InstallWorld): Promise<Installed> {
  const { place, copy, files } = plan;
  try {
    // There a folder is closed by a command, and before anything is in it.
    if (place.scope === 'system' && place.manager === 'task-scheduler') await makeFolder(dirname(place.configFile), 0o777);
    for (const command of plan.before) await world.run?.(command);
    await placeCopy(place.programFolder, copy, world.random);
    const account = place.scope === 'system' ? accountNamed(place.account) : undefined;
    const hasMoved = await prepareState(plan, account, world);
    for (const file of files) if (isWrittenHere(file, plan)) await writePlanned(file, world.random);
    const before = await switchTo(place.programFolder, copy.name, world.random);
    for (const command of plan.after) await world.run?.(command);
    if (plan.start.length > 0) await endService(place, { version: world.version, random: world.random }, world.clock);
    for (const command of plan.start) await world.run?.(command);
    // cron starts nothing anew; it finds within minutes that nobody is there.
    if (place.manager === 'cron' && before !== copy.name) await sendHostAway({ ...world, stateFolder: place.stateFolder }, world.clock);
    await removeOtherCopies(place.programFolder, copy.name);
    const replaced = before === undefined || before === copy.name ? undefined : versionOfCopy(before);
    return { replaced, version: versionOfCopy(copy.name), hasMoved };
  } catch (cause) {
    const reason = systemCode(cause);
    if (reason !== 'EACCES' && reason !== 'EPERM' && reason !== 'EROFS') throw cause;
    const path = cause instanceof Error && 'path' in cause ? String(cause.path) : undefined;
    throw new CadanganError('service.denied', { path, reason }, { cause });
  }
}

/** What is not written by who copies the program or moves the state, nor by cron. */
function isWrittenHere({ path }: PlannedFile, { place, copy, move }: InstallPlan): boolean {
  const isOfProgram = path === join(place.programFolder, currentName) || path.startsWith(join(place.programFolder, copy.name));
  return !isOfProgram && path !== crontabOfUser && path !== (move && movedStateFile(move.from));
}

/** The folder of the state, with what is moved into it. The user's own stays where it is. */
async function prepareState({ place, move }: InstallPlan, account: Account | undefined, world: InstallWorld): Promise<boolean> {
  if (place.scope === 'user') return false;
  const hasMoved = move !== undefined && (await moveFrom(move, account, world));
  if (await isUnfinished(place.stateFolder)) {
    const reason = `the move of another state to ${place.stateFolder} was interrupted; finish it with --from-state`;
    throw new CadanganError('service.unsupported', { reason });
  }
  await makeFolder(place.stateFolder, 0o700);
  await chmod(place.stateFolder, 0o700);
  // Not what is in it: that folder is the account's, which could lead an administrator elsewhere by a link.
  if (account) await lchown(place.stateFolder, account.uid, account.gid);
  if (place.runtimeFolder !== undefined && world.run === undefined) {
    await makeFolder(place.runtimeFolder, 0o750);
    if (account) await chown(place.runtimeFolder, account.uid, account.gid);
  }
  return hasMoved;
}

async function moveFrom(move: NonNullable<InstallPlan['move']>, account: Account | undefined, world: InstallWorld): Promise<boolean> {
  const { clock, random, version, programVersion } = world;
  const whileNobodyAppends = (work: () => Promise<void>): Promise<void> =>
    lockedRecords(move.from, { clock, random, software: programVersion }, work);
  const moving = (): Promise<boolean> => moveState({ ...move, owner: account, random, whileNobodyAppends });
  // Of a state that has moved no host can be asked; what was interrupted is finished.
  if (await exists(movedStateFile(move.from))) return moving();
  return withHostAtRest({ stateFolder: move.from, version, random }, clock, moving);
}

/** A state without records has none to lock, and must not get any. */
async function lockedRecords(
  stateFolder: string,
  world: ConstructorParameters<typeof RecordHistory>[1],
  work: () => Promise<void>,
): Promise<void> {
  const history = new RecordHistory(stateFolder, world);
  if (!(await exists(history.folder))) return work();
  // An administrator writes here, where a user could have led elsewhere by a link.
  const { uid } = await lstat(stateFolder);
  for (const folder of [history.folder, join(history.folder, 'lock')]) {
    const found = await lstat(folder).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (found !== undefined && (!found.isDirectory() || found.uid !== uid))
      throw new CadanganError('service.denied', { path: folder, reason: 'it is no folder of whose state it is' });
  }
  await history.atRest(work);
}

/** A configuration with the paths in it, such as that of a password file for nights, that begin with a folder which moves. */
function movedPaths(text: string, moves: PlannedFile['moves']): string {
  if (moves === undefined) return text;
  const begins = (folder: string): string => JSON.stringify(join(folder, '/')).slice(0, -1);
  return text.replaceAll(begins(moves.from), () => begins(moves.to));
}

async function writePlanned({ path, mode, owner, text, source, moves }: PlannedFile, random: Random): Promise<void> {
  if (owner === 'root') await makeOpenFolder(dirname(path));
  else await makeFolder(dirname(path), 0o700);
  const content = source === undefined ? encoded(path, text ?? '') : movedPaths(textOfFile(await readFile(source)), moves);
  await writeWhole(path, { random, mode }, async (file) => {
    await file.writeFile(content);
    await file.chmod(mode); // whatever the mask of whoever installs it
  });
}

/** `schtasks` reads what its first line says that it is. */
function encoded(path: string, text: string): Uint8Array {
  return path.endsWith('.xml') ? Buffer.from(`\ufeff${text}`, 'utf16le') : Buffer.from(text);
}

function commandOf({ place, node }: InstallWish, { name, files }: ProgramCopy): readonly string[] {
  const path = place.manager === 'task-scheduler' ? win32 : posix;
  const folder = path.join(place.programFolder, place.manager === 'task-scheduler' ? name : currentName);
  const flags = node === process.execPath ? nodeFlags : [];
  const where = ['--config', place.configFile, '--state', place.stateFolder];
  const program = path.join(folder, 'dist', 'cli.js');
  return [
    path.join(folder, files.at(-1)?.path ?? 'node'),
    ...flags,
    program,
    'service',
    'run',
    ...where,
    ...(place.scope === 'system' ? ['--system'] : []),
  ];
}

function programFiles(place: ServicePlace, { name, files }: ProgramCopy): PlannedFile[] {
  const owner = ownerOf(place);
  const copies = files.map(({ path, mode, source }) => ({ path: join(place.programFolder, name, path), mode, owner, source }));
  const current = join(place.programFolder, currentName);
  // There a link takes a right of its own; the task names the copy itself.
  if (place.manager === 'task-scheduler') return [...copies, { path: current, mode: 0o644, owner, text: name }];
  return [...copies, { path: current, mode: 0o777, owner, target: name }];
}

function unitFiles({ place, crontab = '' }: InstallWish, description: ServiceDescription): PlannedFile[] {
  const { unitFile } = place;
  return unitFile === undefined
    ? [{ path: crontabOfUser, mode: 0o600, owner: place.account, text: withUserLines(crontab, description) }]
    : [{ path: unitFile, mode: 0o644, owner: ownerOf(place), text: unitText(place, description) }];
}

function unitText({ manager, scope }: ServicePlace, description: ServiceDescription): string {
  switch (manager) {
    case 'systemd':
      return scope === 'system' ? systemUnit(description) : userUnit(description);
    case 'launchd':
      return launchdPlist(description, scope === 'user');
    case 'task-scheduler':
      return taskXml(description, scope === 'user');
    case 'cron':
      return systemCrontab(description);
  }
}

function ownerOf({ scope, account }: ServicePlace): string {
  return scope === 'system' ? 'root' : account;
}

function seatText({ runtimeFolder }: ServicePlace): string {
  return `${JSON.stringify({ version: 1, runtimeFolder } satisfies ServiceSeat)}\n`;
}

async function moveOf(place: ServicePlace, from: string | undefined): Promise<InstallPlan['move']> {
  if (place.scope !== 'system' || from === undefined || from === place.stateFolder) return undefined;
  return (await mayBeMoved(from, place.stateFolder)) ? { from, to: place.stateFolder } : undefined;
}

function posixManager({ manager }: ServicePlace): boolean {
  return manager === 'systemd' || manager === 'cron';
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return false;
    throw error;
  }
}
