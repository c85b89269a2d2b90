import { hostname, userInfo } from 'node:os';
import { CadanganError, isAbort, isCode, isOnDrive, placeKeyOf, readFile } from '../platform/index.ts';
import type { RecordContent, RecordKind, RecordPlace, RecordTrigger, RecordValues } from '../records/index.ts';
import type { GeneralSettings, OffsiteCopy } from '../settings/index.ts';
import { locationLabel, parseLocation } from '../storage/index.ts';

/** What a record needs to know beside the result of a job. */
export interface RecordAbout {
  /** How records name the program: `cadangan 0.1.0`. */
  readonly software: string;
  readonly via: RecordContent['operator']['via'];
  /** Who asked, as the system knows them. Default: the user of this process. */
  readonly user?: string | undefined;
  /** Of the configuration in force. */
  readonly settings?:
    | (Pick<GeneralSettings, 'instruction' | 'timeZone' | 'googleDrive'> & { readonly offsiteCopies?: readonly Pick<OffsiteCopy, 'to'>[] })
    | undefined;
  readonly set?: string | undefined;
  /** The id of the run. */
  readonly run?: string | undefined;
  readonly trigger?: RecordTrigger | undefined;
  /** The window that the run belongs to, or makes good. */
  readonly planned?: RecordContent['planned'] | undefined;
  /** The window rule in force, in one line. */
  readonly rule?: string | undefined;
  readonly rpoHours?: number | undefined;
  /** On whose request, and why: words of who asks. */
  readonly request?: string | undefined;
  /** Takes out what must never be written: passwords that somebody typed. */
  readonly scrub?: ((text: string) => string) | undefined;
}

export interface PutOff {
  /**
   * The schedule's, and nothing came of it: somebody was at work, or came; the disk was away; nobody could give the password. It may be
   * tried again soon and left no record, since whatever lasts of that is told by the backups.
   */
  readonly isPutOff: boolean;
}

/** @param isPlanned it knew what was to go @param hasRemoved something has gone */
export function isPutOff(
  { trigger }: Partial<RecordAbout>,
  error: unknown,
  { isPlanned, hasRemoved }: { readonly isPlanned: boolean; readonly hasRemoved: boolean },
): boolean {
  const isBegun = isAbort(error) ? hasRemoved : isPlanned || error === undefined || isCode(error, 'prune.refused', 'repository.damaged');
  return trigger === 'schedule' && !isBegun;
}

/** Who, with what, under which instruction: the part that all records have. */
export function commonContent(kind: RecordKind, about: RecordAbout): RecordContent {
  const { software, via, user = userName(), settings, set, run, trigger, planned, rule, request = '' } = about;
  const { documentNumber, revision } = settings?.instruction ?? {};
  const clause = clauses[kind];
  const instruction = {
    ...(documentNumber !== undefined && { documentNumber }),
    ...(revision !== undefined && { revision }),
    ...(clause !== undefined && { clause }),
  };
  return {
    kind,
    host: hostname(),
    operator: { user, via },
    software,
    ...(Object.keys(instruction).length > 0 && { instruction }),
    ...(settings?.timeZone !== undefined && { timeZone: settings.timeZone }),
    ...(set !== undefined && { set }),
    ...(run !== undefined && { run }),
    ...(trigger !== undefined && { trigger }),
    ...(planned !== undefined && { planned }),
    ...(request.trim() !== '' && { request: about.scrub?.(request.trim()) ?? request.trim() }),
    ...(rule !== undefined && { rule }),
  };
}

/** The chapter of the work instruction that asks for it. */
const clauses: Readonly<Partial<Record<RecordKind, string>>> = {
  'internal-backup': '3.1',
  'missed-run': '3.1',
  'external-backup': '3.2',
  scrub: '3.2',
  'internal-restore': '3.3',
  'external-restore': '3.4',
  approval: '4.0',
  rejection: '4.0',
  'nonconformity-opened': '4.0',
  'nonconformity-extended': '4.0',
  'nonconformity-assigned': '4.0',
  'nonconformity-closed': '4.0',
  'nonconformity-checked': '4.0',
  'nonconformity-withdrawn': '4.0',
};

/** Where a repository lies, without the password that an address may have in it; on Google Drive also whose it is. */
export function placeOf(location: string, settings?: RecordAbout['settings']): RecordPlace {
  const account = isOnDrive(location) ? settings?.googleDrive?.account : undefined;
  return { location: labelOf(location), ...(account !== undefined && { account }) };
}

function labelOf(location: string): string {
  try {
    return locationLabel(parseLocation(location));
  } catch {
    return location.replace(/:\/\/[^/@\s]*@/, '://');
  }
}

/** On Google Drive, or in a copy that is configured; what is reached by any other road is the backup server. */
export function isExternal(location: string, settings: RecordAbout['settings']): boolean {
  const key = placeKeyOf(labelOf(location));
  return isOnDrive(location) || (settings?.offsiteCopies ?? []).some(({ to }) => placeKeyOf(labelOf(to)) === key);
}

/** An error as a code with facts; the sentence is made by whoever shows it. */
export function reasonOf(error: unknown, scrub: (text: string) => string = (text) => text): NonNullable<RecordContent['reason']> {
  if (isAbort(error)) return { code: 'aborted', facts: factsOf(abortOf(error), scrub) };
  if (error instanceof CadanganError) return { code: error.code, facts: factsOf(error, scrub) };
  return { code: 'internal', facts: { message: scrub(error instanceof Error ? error.message : String(error)) } };
}

/** Why it was ended is known to whoever aborted the signal; what heard of it, ours or Node's, has that as its cause. */
function abortOf(error: unknown): unknown {
  const { cause } = error instanceof Error ? error : {};
  const isSaid = error instanceof CadanganError && Object.keys(error.facts).length > 0;
  return isSaid || !isAbort(cause) ? error : abortOf(cause);
}

function factsOf(error: unknown, scrub: (text: string) => string): RecordValues {
  if (!(error instanceof CadanganError)) return {};
  return Object.fromEntries(
    Object.entries(error.facts).flatMap(([name, value]) => (value === undefined ? [] : [[name, plainFact(value, scrub)]])),
  );
}

function plainFact(value: string | number | bigint | boolean | readonly string[], scrub: (text: string) => string): RecordValues[string] {
  if (typeof value === 'string') return scrub(value);
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'object' ? value.map(scrub) : value;
}

/** The operating system's; a process without an account has none. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}

/** passwd(5); users of a directory service may not stand there, and are their number. */
export async function userNameOf(uid: number): Promise<string> {
  if (uid === process.geteuid?.()) return userName();
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n');
  return lines.map((line) => line.split(':')).find((fields) => fields[2] === String(uid))?.[0] ?? String(uid);
}

/** Whose history it is, as anchors name it. */
export function historyOwner(user = userName()): string {
  return `${user}@${hostname()}`;
}
