import { isAlarm, shownPathOf, systemCode, type ByteString } from '../platform/index.ts';
import type { Fate } from './fate.ts';
import type { SourceAlarm, SourceCounts } from './source-losses.ts';

/** Something of the source that is not in the snapshot, or not as a consistent copy. */
export interface SourceIssue {
  /** For people, as the system writes it; bytes that are not UTF-8 show as U+FFFD. */
  readonly path: string;
  /** `unreadable`: not stored. `vanished`: was gone before it could be read. `changed`: stored, but written to while it was read.
   *  `source-empty`: a source that has nothing in it any more. `files-vanished`, `mostly-unreadable`: one of which next to nothing is
   *  stored. `source-link`: one that is a link, and only the link is stored.
   *  `online-only`: not stored, since its content lies with a cloud service and would have to be fetched. `attributes-unreadable`: stored,
   *  but not all of its attributes and rights. `shadow-copy-failed`: stored as it is now, beside what is read from a shadow copy. */
  readonly kind:
    | 'unreadable'
    | 'vanished'
    | 'changed'
    | 'source-empty'
    | SourceAlarm['kind']
    | 'source-link'
    | 'online-only'
    | 'attributes-unreadable'
    | 'shadow-copy-failed';
  /** The system's error code (`EACCES`) or a few words. */
  readonly reason: string;
}

/** Called for each file that is in the snapshot. */
export type FileSink = (path: ByteString, fate: Fate) => void;

/** Issues that are kept by name; a source that is gone altogether must not fill the memory. The count goes on. */
const issuesKeptMax = 10_000;

/** Counts what a run meets. */
export class RunTally {
  readonly files = { new: 0, changed: 0, unmodified: 0 };
  readonly folders = { new: 0, changed: 0, unmodified: 0 };
  readonly issues: SourceIssue[] = [];
  issueCount = 0;
  /** Links, fifos, devices. */
  others = 0;
  /** Sockets have no content and are made by their programs: left out, as restic does. */
  sockets = 0;
  parentTreesDamaged = 0;
  bytes = 0;
  currentPath: ByteString = '' as ByteString;
  readonly #onIssue: (issue: SourceIssue) => void;
  readonly #onFile: FileSink;
  readonly #counts: SourceCounts | undefined;

  constructor(onIssue: (issue: SourceIssue) => void, onFile: FileSink = () => undefined, counts?: SourceCounts) {
    this.#onIssue = onIssue;
    this.#onFile = onFile;
    this.#counts = counts;
  }

  file(fate: Fate, sizeBytes: number, path: ByteString): void {
    this.files[fate] += 1;
    this.bytes += sizeBytes;
    this.currentPath = path;
    this.#counts?.file(fate, path);
    this.#onFile(path, fate);
  }

  folder(fate: Fate): void {
    this.folders[fate] += 1;
  }

  other(): void {
    this.others += 1;
  }

  socketSkipped(): void {
    this.sockets += 1;
  }

  parentTreeDamaged(): void {
    this.parentTreesDamaged += 1;
  }

  issue(path: ByteString, kind: SourceIssue['kind'], cause: unknown): void {
    const reason = systemCode(cause) ?? (cause instanceof Error ? cause.message : String(cause));
    const issue: SourceIssue = { path: shownPathOf(path), kind: reason === 'ENOENT' ? 'vanished' : kind, reason };
    this.issueCount += 1;
    if (kind === 'unreadable' || kind === 'online-only') this.#counts?.unreadable(path);
    // What concerns a whole source comes first, however late it is known.
    if (isAlarm(issue)) this.issues.splice(this.issues.filter(isAlarm).length, 0, issue);
    else if (this.issues.length < issuesKeptMax) this.issues.push(issue);
    this.#onIssue(issue);
  }

  get filesDone(): number {
    return this.files.new + this.files.changed + this.files.unmodified;
  }
}
