import type { Caller } from './access.ts';
import { json, type Answer } from './answer.ts';
import { invalidValue, notFound } from './errors.ts';
import { applyMask, parseMask } from './mask.ts';
import type { StoredFile } from './model.ts';
import { comparatorOf } from './ordering.ts';
import { parseQuery, type Query } from './query.ts';
import { asksAbout, matches, parentsWanted } from './query-match.ts';
import { fileResource } from './resource.ts';
import { callerOf, countOf, faultOf, type Call, type Services } from './services.ts';
import { fileListShape, usualFields } from './shapes.ts';
import { asSeenAt } from './stale-view.ts';

/** Google speaks of some hours. */
const tokenMs = 4 * 3_600_000;
const pageSizeMax = 1_000;

/** Where a list stands. The ids were fixed at its start: what goes meanwhile makes pages short. */
interface Cursor {
  readonly account: string;
  readonly question: string;
  readonly ids: readonly string[];
  readonly at: number;
  readonly madeMs: number;
}

/** `files.list`. Page tokens live in memory: after a restart they are refused. */
export class Listing {
  readonly #cursors = new Map<string, Cursor>();

  async list(services: Services, call: Call): Promise<Answer> {
    const { searchParams } = call.url;
    const mask = parseMask(searchParams.get('fields') ?? usualFields.fileList, fileListShape);
    const cursor = this.#cursorOf(services, call);
    const pageSize = countOf(call, 'pageSize', 100, pageSizeMax);
    const length = Math.min(pageSize, faultOf(call, 'short-page')?.entries ?? pageSize);
    const page = faultOf(call, 'empty-list') === undefined ? cursor.ids.slice(cursor.at, cursor.at + length) : [];
    const end = faultOf(call, 'empty-list') === undefined ? cursor.at + length : cursor.ids.length;
    const isTwice = faultOf(call, 'entry-twice') !== undefined && page.length > 0;
    const nextPageToken = end < cursor.ids.length ? this.#remember(services, { ...cursor, at: isTwice ? end - 1 : end }) : undefined;
    const caller = callerOf(call);
    const files = page.flatMap((id) => this.#resource(services, caller, id));
    const answer = {
      kind: 'drive#fileList',
      incompleteSearch: faultOf(call, 'incomplete-search') !== undefined,
      files,
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
    };
    return json(applyMask(answer, mask));
  }

  #cursorOf(services: Services, call: Call): Cursor {
    const token = call.url.searchParams.get('pageToken');
    const question = questionOf(call);
    if (token === null)
      return { account: callerOf(call).account, question, ids: findIds(services, call), at: 0, madeMs: services.store.nowMs() };
    const cursor = this.#cursors.get(token);
    const isGood =
      cursor !== undefined &&
      cursor.account === callerOf(call).account &&
      cursor.question === question &&
      services.store.nowMs() < cursor.madeMs + tokenMs;
    if (!isGood || faultOf(call, 'token-refused') !== undefined) throw invalidValue('pageToken');
    return cursor;
  }

  #remember(services: Services, cursor: Cursor): string {
    const token = `~!!~${services.ids.text(60)}`;
    this.#cursors.set(token, cursor);
    for (const [old, { madeMs }] of this.#cursors) if (services.store.nowMs() >= madeMs + tokenMs) this.#cursors.delete(old);
    return token;
  }

  /** Current metadata, also of what a late list still shows. */
  #resource(services: Services, caller: Caller, id: string): Record<string, unknown>[] {
    const file = services.store.get(id) ?? services.store.ghosts().find((ghost) => ghost.file.id === id)?.file;
    return file === undefined ? [] : [fileResource(services, caller, file)];
  }
}

/** A token goes with the question it came of. */
function questionOf({ url }: Call): string {
  return ['q', 'orderBy', 'corpora', 'driveId', 'spaces'].map((name) => url.searchParams.get(name) ?? '').join('\n');
}

function findIds(services: Services, call: Call): readonly string[] {
  const { searchParams } = call.url;
  const caller = callerOf(call);
  const text = searchParams.get('q');
  const query: Query = text === null || text.trim() === '' ? { kind: 'and', parts: [] } : parseQuery(text);
  const orderBy = searchParams.get('orderBy');
  const compare = orderBy === null ? undefined : comparatorOf(orderBy);
  const isAware = searchParams.get('supportsAllDrives') === 'true' && searchParams.get('includeItemsFromAllDrives') === 'true';
  const driveId = corpusOf(services, call, isAware);
  const rootId = services.access.rootOf(caller.account);
  requireKnownParents(services, caller, query, isAware);
  const asOfMs = services.store.nowMs() - lagOf(services, call, query);
  const found = candidates(services, query, rootId, asOfMs).filter((file) => {
    if (file.parent === undefined || (driveId !== undefined && file.driveId !== driveId)) return false;
    if (!services.access.canSee(caller, file, isAware)) return false;
    const seen = asSeenAt(services.store, file, asOfMs, caller.client);
    return seen !== undefined && matches(seen, query, rootId);
  });
  // Without `orderBy` nothing is promised; ids are random, so nobody gets used to an order.
  return found.sort(compare ?? ((a, b) => (a.id < b.id ? -1 : 1))).map(({ id }) => id);
}

/** Which shared drive is meant; undefined: whatever the caller sees. */
function corpusOf(services: Services, call: Call, isAware: boolean): string | undefined {
  const { searchParams } = call.url;
  const corpora = searchParams.get('corpora') ?? 'user';
  const driveId = searchParams.get('driveId') ?? undefined;
  if (!['user', 'drive', 'allDrives', 'domain'].includes(corpora)) throw invalidValue('corpora');
  if ((corpora === 'drive') !== (driveId !== undefined) || (driveId !== undefined && !isAware)) throw invalidValue('driveId');
  if (driveId !== undefined && !services.access.drivesOf(callerOf(call).account).some(({ id }) => id === driveId)) throw notFound(driveId);
  return driveId;
}

/** A parent that does not exist for the caller is an error, not an empty list. */
function requireKnownParents(services: Services, caller: Caller, query: Query, isAware: boolean): void {
  for (const id of parentsWanted(query) ?? []) {
    if (id !== 'root' && id !== services.access.rootOf(caller.account)) requireKnown(services, caller, id, isAware);
  }
}

/** The message of the real service leaves the id out. */
function requireKnown(services: Services, caller: Caller, id: string, isAware: boolean): void {
  const file = services.store.get(id);
  if (file === undefined || !services.access.canSee(caller, file, isAware)) throw notFound('');
}

function lagOf({ lags }: Services, call: Call, query: Query): number {
  const ordered = faultOf(call, 'stale-list')?.ms;
  return ordered ?? (asksAbout(query, 'name') || asksAbout(query, 'fullText') ? lags.nameMs : lags.parentMs);
}

function candidates({ store }: Services, query: Query, rootId: string, asOfMs: number): StoredFile[] {
  const parents = parentsWanted(query);
  const isCurrent = asOfMs >= store.nowMs();
  if (isCurrent && parents !== undefined)
    return [...new Set(parents.map((id) => (id === 'root' ? rootId : id)))].flatMap((id) => store.childrenOf(id));
  const ghosts = isCurrent
    ? []
    : store
        .ghosts()
        .filter(({ goneMs }) => goneMs > asOfMs)
        .map(({ file }) => file);
  return [...store.all(), ...ghosts];
}
