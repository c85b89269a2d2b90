/**
 * Every code an error of ours can carry. The code is stable and may be matched by scripts and by the editor; the
 * sentence for people is made at the edge (`cli/`, `extension/`) from the code and the facts, in their language.
 */
export type ErrorCode =
  | 'repository.missing' // no `config` where a repository was expected
  | 'repository.exists' // init over an existing repository
  | 'repository.wrong-password'
  | 'repository.locked' // facts: holder, since
  | 'repository.lock-lost' // our own lock could not be refreshed, or somebody removed it
  | 'repository.damaged' // bytes that fail their MAC, hash, length or schema; facts: kind, name, reason
  | 'repository.pack-unknown' // neither the storage nor an index has a pack of that id; facts: pack
  | 'repository.index-wrong' // a pack is not there, ends before, or is not named although it is needed; facts: count, pack (one of them)
  | 'repository.unsupported' // a version or feature that we do not know
  | 'repository.self-test' // the crypto or compression of this runtime gives wrong answers
  | 'repository.verification' // a blob read back before upload differs from its source: bad memory or a bad library
  | 'prune.refused' // nothing may be removed as things are; facts: location, reason (of `PruneRefusal`), count, examples
  | 'prune.overdue' // the schedule found no moment for it; facts: location, days (since the last one)
  | 'storage.unreachable' // nobody answers there, or the way or the medium is away; facts: location, file, reason, between
  | 'storage.no-repository' // the place answers, and no repository lies in it; facts: location, file, missing (config, folder or bucket)
  | 'storage.full'
  | 'storage.denied'
  | 'storage.not-found' // the named file is not there; the storage itself answered
  | 'storage.invalid-location'
  | 'storage.unknown-host' // nobody has confirmed the server's key yet; facts: location, host, port, keyType, fingerprint
  // Another key than the known one; facts: as before, knownKeyType, knownFingerprint, file, line, reason (where it is revoked)
  | 'storage.host-changed'
  | 'source.missing'
  | 'source.unsupported' // a path that no snapshot can name, or that leads nobody knows where; facts: path, reason
  | 'source.contains-repository' // the repository's folder lies in the source and is not excluded
  | 'source.empty' // nothing left to back up, e.g. everything is excluded
  | 'snapshot.not-found'
  | 'snapshot.ambiguous' // an id prefix that fits several
  | 'snapshot.protected' // somebody asked to remove one that stays; facts: snapshot, until (a day), where it is held until then
  | 'retention.held' // what smells, and nothing was removed; facts: hold (its kind), and what belongs to it; more, subjects
  | 'path.not-found' // the path is not in the snapshot
  | 'path.unsupported' // of this machine: a device's, or one that leads nobody knows where; facts: path, reason
  | 'target.unsafe' // the restore target contains the repository, is a link, ...
  | 'target.denied'
  | 'target.full'
  | 'target.not-synced' // what was written may not be on the disk; facts: target, reason
  | 'home.unknown' // no HOME, and no entry for the user who runs this; facts: uid
  | 'state.unusable' // what Cadangan keeps for itself; facts: path, reason, folder, owner (uid, where it is another's), uid
  | 'password.missing'
  | 'password.empty'
  | 'password.exposed' // others may read the file of a configuration; facts: file, mode (octal) or readers (accounts of Windows)
  | 'key.last' // removing the last or the current key
  | 'key.not-found'
  | 'key.ambiguous' // an id prefix that fits several
  | 'arguments.invalid'
  | 'time-zone.unusable' // the machine names a zone that nobody knows, and the configuration none; facts: timeZone
  | 'output.failed' // what was asked for could not be written to its file, or to standard output; facts: file, reason
  | 'config.invalid' // the configuration cannot be used, or not be edited; facts: path, line, column, reason
  | 'config.changed' // somebody else wrote the configuration meanwhile
  | 'config.denied' // it cannot be written; facts: path, reason
  | 'set.unknown' // no backup set of that name; facts: set
  | 'set.exists'
  | 'offsite.unknown' // no off-site copy of that name; facts: copy
  | 'offsite.exists'
  | 'offsite.other-repository' // files of another repository lie in the copy's place; facts: location, source, file (one of them)
  | 'offsite.source-doubtful' // the repository's folder cannot be what it should be; facts: location, reason
  | 'offsite.folder-moved' // the copy's folder was renamed or moved on Drive; facts: location, seen, files
  | 'offsite.folder-trashed' // the copy's folder lies in Drive's trash; facts: location, files
  | 'offsite.folder-unseen' // it was deleted, or this OAuth client does not see it; facts: location, files
  | 'offsite.files-gone' // most of what the copy had is not there any more; facts: location, files, seen, trashed
  | 'offsite.not-kept' // a storage does not give back what it took; facts: location, file, reason (missing, hash, append-only, config-held)
  | 'offsite.busy' // another process keeps this copy up; facts: copy, reason
  | 'schedule.not-running' // the host runs no sets, because it cannot; facts: reason
  | 'state.moved' // the state went to the service of the system; facts: path, to
  | 'service.unsupported' // no service can be installed or run so; facts: reason
  | 'service.unsafe' // others than administrators could change what it runs; facts: path, reason
  | 'service.no-new-rights' // a set's program needs rights that nothing gains under a service of the machine; facts: set, program
  | 'service.manager' // a program of the system that installs services failed; facts: program, reason
  | 'service.not-running' // a service of the machine is installed and does not answer, and nothing is started beside it
  | 'rights.denied' // one of the service's group asked for what he may not; facts: procedure
  | 'service.denied' // it takes the rights of an administrator; facts: path, reason
  | 'file.in-use' // another program has it open, and did not close it in time; facts: path, reason
  | 'file.too-large' // more bytes than were asked for; facts: path, sizeBytes, maxBytes
  | 'command.failed' // a program that a set runs before its backup; facts: program, reason
  | 'records.busy' // another process holds the history of records for minutes; facts: folder
  | 'records.key' // the file of this installation's key holds no such key; facts: path
  | 'record.not-found' // no record, or no nonconformity, of that number; facts: record
  | 'records.sealed' // a kept file of the history cannot be opened; facts: file, reason
  | 'records.not-kept' // no history lies there; facts: location, folder
  | 'records.several' // more than one history lies there; facts: location, chains
  | 'records.contradicted' // what was brought is not sound, or is not the history that is here; facts: location, reason
  | 'pack.invalid' // not an audit pack; facts: path, reason
  | 'host.lost' // the host ended while it was needed; facts: reason
  | 'host.crash-loop' // it ended again and again soon after its start; facts: path (its log), starts, waitMs (until it is tried again)
  | 'host.taken' // another host has this state folder; facts: path
  | 'host.older' // a window of version 0.1.0 runs the schedule; facts: path
  | 'host.outdated' // the host that is started is older than who asks for it; facts: version (the host's), wanted
  | 'host.unreachable' // what holds the host's name cannot be talked to; facts: path, reason
  | 'state.in-use' // another machine or container uses the state folder; facts: path, host, process
  | 'drive.not-set-up' // no OAuth client or key is configured, or the Drive API is off in its project; facts: reason
  | 'drive.sign-in-failed' // the person refused, un-ticked the permission, or nobody came; facts: reason
  | 'drive.signed-out' // nobody is signed in, or Google ended the grant; facts: account, reason
  | 'drive.wrong-account' // not the designated account; facts: account (whose it is), designatedAccount
  | 'drive.full' // no space, or a limit of Drive on files or folders; facts: reason, or neededBytes and freeBytes before the copying
  | 'drive.daily-volume' // 750 GB a day are through; facts: account
  | 'drive.rate-limited' // Google asks for fewer requests, for longer than the caller is willing to wait; facts: reason
  | 'drive.unavailable' // no answer, or none that can be used; facts: reason, between (proxy, certificate: what is not Google's)
  | 'drive.denied' // the account may not do this there; facts: reason
  | 'drive.not-found' // no such file or folder, or it is not visible to this program
  | 'drive.download-refused' // facts: reason
  | 'drive.altered' // what Drive stored is not what was sent, again and again; facts: file, reason
  | 'alert.unknown' // nobody of that name is to be told of anything; facts: receiver
  | 'alert.unreachable' // what takes alerts for a receiver gives no answer, or none that can be trusted; facts: receiver, reason
  | 'alert.refused' // it was there, and did not take it; facts: receiver, reason
  | 'aborted';

/** Facts are small, printable values that name the thing: a path, a location, an id, a number with its unit in the name. */
export type ErrorFacts = Readonly<Record<string, string | number | bigint | boolean | readonly string[] | undefined>>;

/** An operating error: something outside the program is not as it must be. A broken promise of our own code is an `assert`. */
export class CadanganError extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, facts: ErrorFacts = {}, options?: { cause?: unknown }) {
    super(describe(code, facts), options);
    this.name = 'CadanganError';
    this.code = code;
    this.facts = facts;
  }
}

export function isCode(error: unknown, ...codes: ErrorCode[]): error is CadanganError {
  return error instanceof CadanganError && codes.includes(error.code);
}

/** True for our own `aborted` and for the `AbortError` that the platform throws. */
export function isAbort(error: unknown): boolean {
  return isCode(error, 'aborted') || (error instanceof Error && error.name === 'AbortError');
}

/** @throws `aborted`, with the signal's reason as cause */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CadanganError('aborted', {}, { cause: signal.reason });
}

/** The `code` of a Node system error (`ENOENT`, `ENOSPC` ...), if it is one. Ours are none. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof CadanganError || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function describe(code: ErrorCode, facts: ErrorFacts): string {
  const shown = Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
  return shown ? `${code}: ${shown}` : code;
}
