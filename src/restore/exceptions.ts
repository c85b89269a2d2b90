import type { ByteString } from '../platform/index.ts';

/** `lost`: content that is not where it should be. `note`: the content is right, something about it could not be kept. */
export type ExceptionKind = 'lost' | 'note';

const kinds = {
  damaged: 'lost', // a blob or tree in the repository cannot be read; detail names it
  unreadable: 'lost', // the storage does not give out the file of the repository that it is in; detail says why
  'special-file': 'lost', // device, named pipe or socket: Node cannot make them
  'unknown-type': 'lost', // a kind of node that a later restic may know
  'hostile-name': 'lost', // `..`, a slash, NUL: would write elsewhere
  'hostile-target': 'lost', // a link with NUL in its target, which no file system has
  'duplicate-name': 'lost', // the same name a second time in one folder
  'impossible-name': 'lost', // not a file name on this system
  'name-collision': 'lost', // differs from another only in a way that this file system does not tell apart
  repository: 'lost', // the repository that is restored from lies there
  'in-the-way': 'lost', // something exists there that must not be replaced
  'folder-failed': 'lost', // the folder it belongs into could not be made
  denied: 'lost',
  system: 'lost', // any other error of the system; detail is its code
  verification: 'lost', // read again, the file had other bytes
  'not-deleted': 'note',
  'extended-attributes': 'note',
  'generic-attributes': 'note', // Windows: creation time, security descriptor, attributes
  owner: 'note',
  mode: 'note',
  times: 'note',
  'hard-link': 'note', // restored as a file of its own
  'link-target': 'note', // the writer of the snapshot had lost bytes of the target
  size: 'note', // the tree gives another size than the blobs have
} as const satisfies Record<string, ExceptionKind>;

export type ExceptionReason = keyof typeof kinds;

/** Something that could not be done as the snapshot has it. The run went on. */
export interface RestoreException {
  /** In the snapshot (or subfolder), `/` between names. */
  readonly path: ByteString;
  readonly kind: ExceptionKind;
  readonly reason: ExceptionReason;
  /** A system code, a blob with what is wrong with it, names of attributes: for people. */
  readonly detail: string | undefined;
}

/** On a system with SELinux every file has an attribute that cannot be set: what is kept of notes must have a bound. */
const notesKeptPerReason = 1000;

/** Collects exceptions: every `lost` one, the first thousand notes of each reason, and how many there were of each. */
export class ExceptionLog {
  readonly #entries: RestoreException[] = [];
  readonly #counts: Partial<Record<ExceptionReason, number>> = {};
  readonly #sink: ((exception: RestoreException) => void) | undefined;

  constructor(sink?: (exception: RestoreException) => void) {
    this.#sink = sink;
  }

  add(path: ByteString, reason: ExceptionReason, detail?: string): void {
    const count = (this.#counts[reason] = (this.#counts[reason] ?? 0) + 1);
    const exception: RestoreException = { path, kind: kinds[reason], reason, detail };
    if (exception.kind === 'lost' || count <= notesKeptPerReason) this.#entries.push(exception);
    this.#sink?.(exception);
  }

  get entries(): readonly RestoreException[] {
    return this.#entries;
  }

  get counts(): Readonly<Partial<Record<ExceptionReason, number>>> {
    return this.#counts;
  }
}
