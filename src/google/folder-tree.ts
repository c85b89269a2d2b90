import { CadanganError, orAborted, type Clock } from '../platform/index.ts';
import type { DriveClient } from './drive-client.ts';
import { olderFirst, type DriveItem } from './remote-file.ts';

/** The folders of one name in one place, read as one: Drive allows several. */
export interface Directory {
  /** Oldest first: that is the one to write to. */
  readonly ids: readonly string[];
  readonly folders: ReadonlyMap<string, readonly DriveItem[]>;
  readonly files: ReadonlyMap<string, readonly DriveItem[]>;
  /** Those that the list itself showed; the others are known although it is late. */
  readonly listedIds: ReadonlySet<string>;
}

interface Known {
  readonly ids: readonly string[];
  readonly folders: Map<string, DriveItem[]>;
  readonly files: Map<string, DriveItem[]>;
  readonly listedIds: ReadonlySet<string>;
  readonly listedAtMs: number;
}

interface Own {
  readonly item: DriveItem;
  readonly sinceMs: number;
}

/** Lists were seen to lag behind by up to about an hour. */
const lagMsMax = 3_600_000;
/** Something that is not in a list younger than this is not asked for again. */
const missMsMax = 2000;
/** For a file of the upload's own folder: nobody else makes the same names. */
const checkedMs = 10 * 60_000;

/** One for all who want the same at the same time. */
interface Listing {
  readonly found: Promise<Known | undefined>;
  readonly stop: AbortController;
  waiting: number;
}

/**
 * What is known of the folders from the top of the drive to those of one repository. Lists come by parent, which is the kind that shows
 * what was made a moment ago; what we made or removed ourselves is known better than any list.
 */
export class FolderTree {
  readonly #client: DriveClient;
  readonly #clock: Clock;
  readonly #location: string;
  readonly #root: readonly string[];
  readonly #known = new Map<string, Known>();
  readonly #listing = new Map<string, Listing>();
  readonly #making = new Map<string, Promise<string>>();
  readonly #own = new Map<string, Map<string, Own>>();
  readonly #removed = new Map<string, number>();
  #rootHint: readonly string[];

  /**
   * @param root the folders from the top down to the repository's.
   * @param rootHint ids that it had; used when nothing is at that path, since somebody may have renamed it
   */
  constructor(client: DriveClient, root: readonly string[], rootHint: readonly string[], location: string) {
    this.#client = client;
    this.#clock = client.clock;
    this.#root = root;
    this.#rootHint = rootHint;
    this.#location = location;
  }

  /** The folder at `path` below the repository's, from a list that is not older; undefined when there is none. */
  async directory(path: readonly string[], maxAgeMs: number, signal: AbortSignal | undefined): Promise<Directory | undefined> {
    return this.#directory([...this.#root, ...path], maxAgeMs, signal);
  }

  /** The repository's own folder, made with those above it when they are missing. @returns its id */
  async makeRoot(signal: AbortSignal | undefined): Promise<string> {
    return this.#ensure(this.#root, signal);
  }

  /**
   * A folder below the repository's, made when it is missing. @returns the id of the folder to write to
   * @throws `drive.not-found` with `missing: folder` when the repository's own is not there: a new one would hide that the old one is away
   */
  async ensure(path: readonly string[], signal: AbortSignal | undefined): Promise<string> {
    if ((await this.#idsOf(this.#root, missMsMax, signal)).length === 0) throw this.#rootMissing();
    return this.#ensure([...this.#root, ...path], signal);
  }

  /** @throws `drive.not-found` with `missing: folder` unless the repository's folder is there and not in the trash, asked anew */
  async assertRoot(signal: AbortSignal | undefined): Promise<readonly string[]> {
    for (let turn = 0; turn < 2; turn++) {
      const ids = await this.#idsOf(this.#root, turn === 0 ? missMsMax : 0, signal);
      const items = await Promise.all(ids.map((id) => this.#client.get(id, { location: this.#location }, signal)));
      if (items.length > 0 && items.every((item) => item && !item.trashed)) return ids;
      this.forget();
    }
    throw this.#rootMissing();
  }

  noteFile(path: readonly string[], item: DriveItem): void {
    this.#note([...this.#root, ...path], item);
  }

  /** It was trashed or deleted by us: a list that still shows it is late. */
  noteRemoved(id: string): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#removed.size > 10_000) for (const [old, sinceMs] of this.#removed) if (nowMs - sinceMs > lagMsMax) this.#removed.delete(old);
    this.#removed.set(id, nowMs);
    for (const own of this.#own.values()) own.delete(id);
  }

  /** Files that we made and that lists may not show yet. @returns those of which Drive says that they are there */
  async ownMissing(
    seen: ReadonlySet<string>,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly path: readonly string[]; readonly item: DriveItem }[]> {
    const found = await Promise.all(
      [...this.#own].map(async ([key, own]) => {
        const path = key === '' ? [] : key.split('/').slice(this.#root.length);
        return (await this.#stillThere(own, seen, signal)).map((item) => ({ path, item }));
      }),
    );
    return found.flat();
  }

  wasRemoved(id: string): boolean {
    const sinceMs = this.#removed.get(id);
    return sinceMs !== undefined && this.#clock.monotonicMs() - sinceMs < lagMsMax;
  }

  /** Whether something is at the path itself, now. */
  async isAtPath(signal: AbortSignal | undefined): Promise<boolean> {
    const above = await this.#directory(this.#root.slice(0, -1), 0, signal);
    return above?.folders.has(this.#root.at(-1) ?? '') ?? false;
  }

  /** Where it is not at its path it is not there, whatever ids it had. */
  forgetPlace(): void {
    this.#rootHint = [];
    this.forget();
  }

  /** All that lists said; what we made ourselves stays known. */
  forget(): void {
    this.#known.clear();
  }

  #rootMissing(): CadanganError {
    return new CadanganError('drive.not-found', { location: this.#location, missing: 'folder', reason: 'ENOENT' });
  }

  async #directory(segments: readonly string[], maxAgeMs: number, signal: AbortSignal | undefined): Promise<Known | undefined> {
    const key = segments.join('/');
    const known = this.#known.get(key);
    if (known && this.#clock.monotonicMs() - known.listedAtMs <= maxAgeMs) return known;
    // Who wants it as it is now must not get a list that began before.
    const running = maxAgeMs > 0 ? this.#listing.get(key) : undefined;
    if (running) return this.#await(key, running, signal);
    const stop = new AbortController();
    const listing: Listing = {
      found: this.#list(segments, key, Math.max(maxAgeMs, missMsMax), AbortSignal.any([this.#client.closing, stop.signal])),
      stop,
      waiting: 0,
    };
    listing.found.catch(() => undefined); // told to those who wait
    this.#listing.set(key, listing);
    return this.#await(key, listing, signal);
  }

  /** It goes on for others when this caller gives up; when all have, nobody who comes later shall wait for it. */
  async #await(key: string, listing: Listing, signal: AbortSignal | undefined): Promise<Known | undefined> {
    listing.waiting += 1;
    try {
      return await orAborted(listing.found, signal);
    } finally {
      listing.waiting -= 1;
      if (listing.waiting === 0) {
        if (this.#listing.get(key) === listing) this.#listing.delete(key);
        listing.stop.abort(new CadanganError('aborted'));
      }
    }
  }

  async #list(segments: readonly string[], key: string, maxAgeMs: number, signal: AbortSignal | undefined): Promise<Known | undefined> {
    const ids = await this.#idsOf(segments, maxAgeMs, signal);
    if (ids.length === 0) {
      this.#known.delete(key);
      return undefined;
    }
    const listedAtMs = this.#clock.monotonicMs();
    // Above the repository's folder only folders matter; and several parents in one query were seen to answer nothing.
    const only = segments.length < this.#root.length ? " and mimeType = 'application/vnd.google-apps.folder'" : '';
    const lists = await Promise.all(
      ids.map((id) => this.#client.list(`'${id}' in parents and trashed = false${only}`, { location: this.#location }, signal)),
    );
    const items = lists.flat().filter((item) => !item.trashed && !this.wasRemoved(item.id));
    const listedIds = new Set(items.map(({ id }) => id));
    const own = this.#own.get(key);
    if (own) items.push(...(await this.#stillThere(own, listedIds, signal)));
    const known: Known = { ids, folders: new Map(), files: new Map(), listedIds, listedAtMs };
    for (const item of items.toSorted(olderFirst)) push(item.isFolder ? known.folders : known.files, item);
    this.#known.set(key, known);
    return known;
  }

  async #stillThere(own: Map<string, Own>, seen: ReadonlySet<string>, signal: AbortSignal | undefined): Promise<DriveItem[]> {
    const nowMs = this.#clock.monotonicMs();
    const found: DriveItem[] = [];
    for (const [id, { item: made, sinceMs }] of own) {
      if (nowMs - sinceMs > lagMsMax) own.delete(id);
      else if (!seen.has(id)) {
        const item = await this.#client.get(id, { location: this.#location }, signal);
        // What somebody has renamed or moved since is missing from the list because it is not there any more.
        if (item && !item.trashed && isWhere(made, item)) found.push(item);
        else own.delete(id);
      }
    }
    return found;
  }

  /** Oldest first; empty when there is no such folder. */
  async #idsOf(segments: readonly string[], maxAgeMs: number, signal: AbortSignal | undefined): Promise<readonly string[]> {
    const name = segments.at(-1);
    if (name === undefined) return [this.#client.topId];
    const above = segments.slice(0, -1);
    const found =
      (await this.#directory(above, Infinity, signal))?.folders.get(name) ??
      (await this.#directory(above, maxAgeMs, signal))?.folders.get(name);
    if (found) return found.map(({ id }) => id);
    return segments.length === this.#root.length ? this.#fromHint(signal) : [];
  }

  async #fromHint(signal: AbortSignal | undefined): Promise<readonly string[]> {
    if (this.#rootHint.length === 0) return [];
    const items = await Promise.all(this.#rootHint.map((id) => this.#client.get(id, { location: this.#location }, signal)));
    const alive = items.flatMap((item) => (item && item.isFolder && !item.trashed ? [item.id] : []));
    this.#rootHint = alive;
    return alive;
  }

  async #ensure(segments: readonly string[], signal: AbortSignal | undefined): Promise<string> {
    const [oldest] = await this.#idsOf(segments, checkedMs, signal);
    if (oldest !== undefined) return oldest;
    const key = segments.join('/');
    let making = this.#making.get(key);
    if (!making) {
      making = this.#make(segments, this.#client.closing).finally(() => this.#making.delete(key));
      this.#making.set(key, making);
    }
    return orAborted(making, signal);
  }

  async #make(segments: readonly string[], signal: AbortSignal): Promise<string> {
    const above = segments.slice(0, -1);
    const parentId = await this.#ensure(above, signal);
    const item = await this.#client.createFolder(segments.at(-1) ?? '', parentId, { location: this.#location }, signal);
    this.#note(above, item);
    // Nothing can be in it yet.
    this.#known.set(segments.join('/'), {
      ids: [item.id],
      folders: new Map(),
      files: new Map(),
      listedIds: new Set(),
      listedAtMs: this.#clock.monotonicMs(),
    });
    return item.id;
  }

  #note(segments: readonly string[], item: DriveItem): void {
    const key = segments.join('/');
    const own = this.#own.get(key) ?? new Map<string, Own>();
    own.set(item.id, { item, sinceMs: this.#clock.monotonicMs() });
    this.#own.set(key, own);
    const known = this.#known.get(key);
    if (known) push(item.isFolder ? known.folders : known.files, item);
  }
}

/** Whether it has the name and the place that it had. */
export function isWhere(before: DriveItem, now: DriveItem): boolean {
  return now.name === before.name && now.parents[0] === before.parents[0];
}

function push(map: Map<string, DriveItem[]>, item: DriveItem): void {
  const items = map.get(item.name);
  if (!items) map.set(item.name, [item]);
  else if (!items.some(({ id }) => id === item.id)) items.push(item);
}
