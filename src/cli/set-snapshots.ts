import type { HostClient } from '../host/index.ts';
import { parseSnapshotPath } from '../jobs/index.ts';
import { type ByteString, byteStringFromRaw, CadanganError, joinBytes, namesOf, snapshotRoot } from '../platform/index.ts';
import { type EntryInfo, type ParamsOf, protocol, type SnapshotInfo } from '../service/index.ts';
import type { CommandContext } from './command.ts';
import type { OptionValues } from './option-values.ts';
import { readPassword } from './password-source.ts';
import { isPasswordGiven, passwordSourceOf } from './set-backup.ts';
import { withHost } from './with-host.ts';

/*
 * `--set NAME`: what the snapshots of a configured set hold, asked of the host. It has the password, and where it is the service of the
 * machine it shows them to those only whom the set names as its `readers`. What is written down, this process writes, with the rights of
 * whoever runs it.
 */

/** @throws `set.unknown`, `rights.denied`; what the host answered */
export async function withSnapshotsOf<T>(name: string, context: CommandContext, work: (set: SetSnapshots) => Promise<T>): Promise<T> {
  const { signal, passwords } = context;
  const source = passwordSourceOf(context);
  const isGiven = isPasswordGiven(source, context);
  let location: string | undefined;
  const password = async (asked: protocol.PasswordParams, passwordSignal: AbortSignal): Promise<Uint8Array | undefined> =>
    asked.location === location && !asked.wasWrong && (asked.mayAsk || isGiven)
      ? readPassword(source, passwords, passwordSignal)
      : undefined;
  return withHost(context, { password }, async (client) => {
    location = (await client.request(protocol.listSets, undefined, { signal })).find((set) => set.name === name)?.location;
    if (location === undefined) throw new CadanganError('set.unknown', { set: name });
    return work(new SetSnapshots(client, { name, location }, signal));
  });
}

const snapshotFilters = ['host', 'tag', 'path'] as const;

/** What only a repository that is opened here can do. @throws `arguments.invalid` when one of them is given */
export function refuseBesideSet(options: OptionValues, { globals }: CommandContext, names: readonly string[] = []): void {
  const given = [...snapshotFilters, ...names].find(
    (name) => options.flag(name) || options.text(name) !== undefined || options.list(name).length > 0,
  );
  const option = globals.repo !== undefined ? 'repo' : given;
  if (option === undefined) return;
  throw new CadanganError('arguments.invalid', { option: `--${option}`, reason: 'it cannot be combined with --set' });
}

const pageEntries = 5_000;
/** A service holds up what else goes over the connection for one piece. */
const pieceBytes = 4 * 1024 * 1024;

export class SetSnapshots {
  readonly #client: Pick<HostClient, 'request'>;
  readonly #set: { readonly name: string; readonly location: string };
  readonly #signal: AbortSignal;

  constructor(client: Pick<HostClient, 'request'>, set: { readonly name: string; readonly location: string }, signal: AbortSignal) {
    this.#client = client;
    this.#set = set;
    this.#signal = signal;
  }

  /** Of this set, oldest first: a repository may have those of others. */
  async list(): Promise<readonly SnapshotInfo[]> {
    const { location, name } = this.#set;
    const all = await this.#client.request(protocol.listSnapshots, { location }, { signal: this.#signal });
    return all.filter(({ tags }) => tags.includes(name));
  }

  /** @param text `latest`, or the beginning of an id; with a folder behind a colon. @throws `snapshot.not-found`, `snapshot.ambiguous` */
  async open(text: string): Promise<{ readonly info: SnapshotInfo; readonly folder: ByteString }> {
    const { snapshot, subfolder = '' } = parseSnapshotPath(text);
    const all = await this.list();
    const found = snapshot === 'latest' ? all.slice(-1) : all.filter(({ id }) => snapshot !== '' && id.startsWith(snapshot.toLowerCase()));
    const [info] = found;
    if (info === undefined) throw new CadanganError('snapshot.not-found', { snapshot });
    if (found.length > 1) throw new CadanganError('snapshot.ambiguous', { snapshot, candidates: found.slice(0, 20).map(({ id }) => id) });
    return { info, folder: pathWithin(snapshotRoot, byteStringFromRaw(subfolder)) };
  }

  /** Has the service record what was taken of a snapshot. @throws what the host answered */
  async noteTaken(taken: Omit<ParamsOf<typeof protocol.noteTaken>, 'location' | 'set'>): Promise<void> {
    const { location, name: set } = this.#set;
    const { signal } = new AbortController(); // what was taken is recorded, also by a command that was interrupted
    await this.#client.request(protocol.noteTaken, { ...taken, location, set }, { signal });
  }

  stat(snapshot: string, path: ByteString): Promise<EntryInfo> {
    return this.#client.request(protocol.statEntry, { ...this.#at(snapshot), path }, { signal: this.#signal });
  }

  /** What is in a folder, by name. */
  async *folder(snapshot: string, path: ByteString): AsyncGenerator<EntryInfo, void, undefined> {
    for (let offset = 0, total = 1; offset < total;) {
      const params = { ...this.#at(snapshot), path, offset, limit: pageEntries };
      const page = await this.#client.request(protocol.listFolder, params, { signal: this.#signal });
      yield* page.entries;
      if (page.entries.length === 0) return;
      offset += page.entries.length;
      total = page.total;
    }
  }

  /** Each folder before what is in it. */
  async *entries(
    snapshot: string,
    path: ByteString,
    isRecursive: boolean,
  ): AsyncGenerator<{ readonly path: ByteString; readonly entry: EntryInfo }, void, undefined> {
    for await (const entry of this.folder(snapshot, path)) {
      const inner = joinBytes(path, entry.name);
      yield { path: inner, entry };
      if (isRecursive && entry.type === 'dir') yield* this.entries(snapshot, inner, true);
    }
  }

  /** The bytes of a file, each piece proven by whoever has the repository open. */
  async *bytes(snapshot: string, path: ByteString): AsyncGenerator<Uint8Array, void, undefined> {
    for (let from = 0, size = 1; from < size;) {
      const params = { ...this.#at(snapshot), path, from, maxBytes: pieceBytes };
      const part = await this.#client.request(protocol.readFilePart, params, { signal: this.#signal });
      if (part.bytes.length === 0) return;
      yield part.bytes;
      from += part.bytes.length;
      size = part.size;
    }
  }

  #at(snapshot: string): { readonly location: string; readonly snapshot: string } {
    return { location: this.#set.location, snapshot };
  }
}

/** As somebody writes it, with or without slashes at its ends, in a folder of the snapshot. */
export function pathWithin(folder: ByteString, written: ByteString): ByteString {
  return namesOf(written).reduce(joinBytes, folder);
}
