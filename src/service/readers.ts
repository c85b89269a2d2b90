import { CadanganError } from '../platform/index.ts';
import { answer, type Answer } from './answer.ts';
import type { Call } from './call.ts';
import type { Procedure } from './procedure.ts';
import type { SnapshotInfo } from './protocol.ts';
import { repositoryKey } from './repository-key.ts';
import { denied } from './rights.ts';
import type { Service } from './service.ts';

/*
 * A snapshot shows what the set's sources hold, whoever may read those. So of the group of a service only those may look into it whom the
 * set names as its `readers`; a repository may have snapshots of several sets.
 */

/** What of a repository a reader sees. */
export interface Readable {
  /** The snapshot that is meant by `latest`, an id or the beginning of one. @throws `rights.denied`, `snapshot.not-found` */
  readonly named: (wanted: string) => string;
  readonly has: (id: string) => boolean;
  /** Of all that may be read. */
  readonly ids: readonly string[];
}

/** How a procedure is held to what a reader sees: by what it asks for, or by what it gives. */
export interface ReaderView<Params, Result> {
  readonly params?: (params: Params, readable: Readable) => Params;
  readonly result?: (result: Result, readable: Readable) => Result;
}

/**
 * Answers what shows what snapshots hold, as `answerAt` does; to one of the group, only of what he may read.
 * @param list all snapshots of a repository. @param work where it is to be done
 */
export function answerReading<Params extends { readonly location: string }, Result>(
  procedure: Procedure<Params, Result>,
  list: (service: Service, location: string, call: Call) => Promise<readonly SnapshotInfo[]>,
  work: (service: Service, params: Params, call: Call) => Promise<Result>,
  { params: narrow = (params) => params, result: cut = (result) => result }: ReaderView<Params, Result>,
): Answer {
  return answer(procedure, async (service, params, call) => {
    if (!call.isMember) return work(service, params, call);
    const readable = await readableFor(service, params.location, procedure.name, call, list);
    return cut(await work(service, narrow(params, readable), call), readable);
  });
}

async function readableFor(
  service: Service,
  location: string,
  procedure: string,
  call: Call,
  list: (service: Service, location: string, call: Call) => Promise<readonly SnapshotInfo[]>,
): Promise<Readable> {
  const key = keyOf(location);
  const own = service.sets.filter(
    ({ readers, repository }) => call.user !== undefined && readers.includes(call.user) && keyOf(repository.location) === key,
  );
  if (key === undefined || own.length === 0) throw denied(procedure);
  const [mine, sets] = [new Set(own.map(({ name }) => name)), new Set(service.sets.map(({ name }) => name))];
  const all = await list(service, location, call);
  // Its set's name is the first tag of every snapshot, also once that set is gone. One that has the name of a set of others, too, is not
  // shown.
  const isMine = ({ tags: [first = '', ...more] }: SnapshotInfo): boolean =>
    mine.has(first) && more.every((tag) => mine.has(tag) || !sets.has(tag));
  const ids = all.filter(isMine).map(({ id }) => id);
  return { ids, has: (id) => ids.includes(id), named: (wanted) => named(wanted, ids, all, procedure) };
}

function named(wanted: string, ids: readonly string[], all: readonly SnapshotInfo[], procedure: string): string {
  const isMeant = (id: string): boolean => id.startsWith(wanted.toLowerCase());
  const found = wanted === 'latest' ? ids.slice(-1) : ids.filter(isMeant);
  const [only] = found;
  if (found.length > 1) throw new CadanganError('snapshot.ambiguous', { snapshot: wanted, candidates: found.slice(0, 20) });
  if (only !== undefined) return only;
  if (all.some(({ id }) => isMeant(id))) throw denied(procedure);
  throw new CadanganError('snapshot.not-found', { snapshot: wanted });
}

function keyOf(location: string): string | undefined {
  try {
    return repositoryKey(location);
  } catch {
    return undefined; // not understood: of no set
  }
}
