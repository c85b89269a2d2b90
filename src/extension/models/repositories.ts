import type * as vscode from 'vscode';
import { protocol, type RepositoryInfo, type SnapshotInfo, type SnapshotLock } from '../../service/index.ts';
import type { AskOptions, Engine } from '../engine.ts';
import { isMeantPlace, placeMark } from '../presentation/snapshot-uri.ts';
import type { DriveModel } from './drive.ts';
import type { SetsModel } from './sets.ts';

const memoryKey = 'cadangan.repositories';

/** Repositories of the sets: their ids, which stand in URIs, and their snapshots, asked once until something changed. */
export class Repositories {
  readonly #engine: Engine;
  readonly #sets: SetsModel;
  readonly #drive: DriveModel;
  readonly #memory: vscode.Memento;
  readonly #infos = new Map<string, RepositoryInfo>();
  readonly #snapshots = new Map<string, Promise<readonly SnapshotInfo[]>>();

  constructor(engine: Engine, sets: SetsModel, drive: DriveModel, memory: vscode.Memento) {
    this.#engine = engine;
    this.#sets = sets;
    this.#drive = drive;
    this.#memory = memory;
  }

  /** @throws HostError */
  async info(location: string, options: AskOptions = {}): Promise<RepositoryInfo> {
    const known = this.#infos.get(location);
    if (known !== undefined) return known;
    const info = await this.#engine.request(protocol.repositoryInfo, { location }, options);
    this.#infos.set(location, info);
    await this.#memory.update(memoryKey, { ...this.#remembered(), [memoryNameOf(info.id, placeMark(location))]: location });
    return info;
  }

  /**
   * Where a repository lies of which only the id is known, as after a restart with open tabs; and which of several places, where that is
   * known, too.
   */
  async locationOf(id: string, place?: string): Promise<string | undefined> {
    const isMeant = (location: string): boolean => isMeantPlace(place, location);
    for (const [location, info] of this.#infos) if (info.id === id && isMeant(location)) return location;
    const remembered = this.#remembered()[memoryNameOf(id, place)];
    const sets = await this.#sets.load();
    const { copies } = await this.#drive.load();
    const known = [...sets, ...copies].map(({ location }) => location).filter(isMeant);
    for (const location of new Set([...(remembered === undefined ? [] : [remembered]), ...known])) {
      // What cannot be opened without a question is not the one, or the reader will say so.
      const info = await this.info(location, { isQuiet: true }).catch(() => undefined);
      if (info?.id === id) return location;
    }
    return remembered ?? (place === undefined ? undefined : known[0]);
  }

  /** @throws HostError */
  snapshots(location: string, options: AskOptions = {}): Promise<readonly SnapshotInfo[]> {
    const known = this.#snapshots.get(location);
    if (known !== undefined) return known;
    const list = this.#engine.request(protocol.listSnapshots, { location }, options);
    this.#snapshots.set(location, list);
    list.catch(() => this.#snapshots.delete(location));
    return list;
  }

  async snapshot(location: string, id: string): Promise<SnapshotInfo | undefined> {
    return (await this.snapshots(location)).find((snapshot) => snapshot.id === id);
  }

  /** Asked of the storage each time: a lock may have been lengthened, or lifted. @throws HostError */
  lockOf(location: string, snapshot: SnapshotInfo, options: AskOptions = {}): Promise<SnapshotLock> {
    return this.#engine.request(protocol.snapshotLock, { location, snapshot: snapshot.id }, options);
  }

  /** Lists of snapshots may have changed. */
  forgetSnapshots(): void {
    this.#snapshots.clear();
  }

  forgetSnapshotsAt(location: string): void {
    this.#snapshots.delete(location);
  }

  #remembered(): Readonly<Record<string, string>> {
    return this.#memory.get<Readonly<Record<string, string>>>(memoryKey) ?? {};
  }
}

/** A copy has the same id as its original. */
function memoryNameOf(id: string, place: string | undefined): string {
  return place === undefined ? id : `${id}.${place}`;
}
