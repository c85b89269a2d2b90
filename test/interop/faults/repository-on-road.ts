import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStorageAt, type StoragePlace } from '../../../src/jobs/index.ts';
import { passwordFromText } from '../../../src/platform/index.ts';
import { Repository } from '../../../src/repository/index.ts';
import type { Storage } from '../../../src/storage/index.ts';
import { neverAborted } from '../../fakes/never-aborted.ts';
import { compareTrees, describeDifferences } from '../../zoo/compare-trees.ts';
import { startCadangan, startRestic, type Ran, type Running } from '../programs.ts';
import type { Stage } from '../stage.ts';
import { cheapCost, password } from './jobs-on-storage.ts';
import type { Road } from './road.ts';

/** A repository at the end of a road, as both programs see it by their command lines, and as it is. */
export class RepositoryOnRoad {
  readonly road: Road;
  readonly #stage: Stage;
  readonly #home: string;

  private constructor(road: Road, stage: Stage) {
    this.road = road;
    this.#stage = stage;
    this.#home = stage.folder('home');
    const { location, settings } = road;
    writeFileSync(this.#configFile, JSON.stringify({ version: 1, ...(settings && { storages: [{ location, ...settings }] }) }));
  }

  static async make(road: Road, stage: Stage): Promise<RepositoryOnRoad> {
    const repository = new RepositoryOnRoad(road, stage);
    await using storage = await repository.openStorage();
    await Repository.init({ storage }, passwordFromText(password), { signal: neverAborted, kdfCost: cheapCost });
    return repository;
  }

  startOurs(...args: readonly string[]): Running {
    const env = { ...this.#environment, CADANGAN_CONFIG: this.#configFile, CADANGAN_STATE: join(this.#home, 'state') };
    return startCadangan(['-r', this.road.location, ...args], { env });
  }

  /** @returns standard output */
  async ours(...args: readonly string[]): Promise<string> {
    return outputOf('cadangan', args, await this.startOurs(...args).ended);
  }

  /** @returns standard output */
  async restic(...args: readonly string[]): Promise<string> {
    const { location, forRestic } = this.road;
    const all = ['-r', forRestic.location ?? location, ...(forRestic.options ?? []), ...args];
    return outputOf('restic', args, await startRestic(all, { env: { ...this.#environment, ...forRestic.environment } }).ended);
  }

  /** Whatever lies there is sound to stock restic. @param options `--no-lock`: also while somebody's lock is there */
  async assertSound(...options: readonly string[]): Promise<void> {
    assert.match(await this.restic('check', ...options), /no errors were found/);
  }

  /** By stock restic. @param copy of what `source` was when the snapshot was made */
  async assertRestores(id: string, { source, copy }: { readonly source: string; readonly copy: string }): Promise<void> {
    const target = this.#stage.fresh('restored');
    await this.restic('restore', id, '--target', target);
    assert.deepEqual(describeDifferences(compareTrees(copy, join(target, source))), [], `snapshot ${id}`);
    rmSync(target, { recursive: true });
  }

  /** The ids of what is there, sorted. */
  async namesOf(kind: 'snapshots' | 'locks'): Promise<string[]> {
    await using storage = await this.openStorage();
    return (await storage.list(kind, neverAborted)).map(({ name }) => name).toSorted();
  }

  /** As the command line opens it, but in this process. */
  async openStorage(place: Partial<StoragePlace> = {}): Promise<Storage & AsyncDisposable> {
    const { location, settings, environment } = this.road;
    const storage = await openStorageAt(location, {
      settings: undefined,
      storages: settings && [{ location, ...settings }],
      stateFolder: join(this.#home, 'state'),
      environment: { ...process.env, HOME: this.#home, ...environment },
      secret: async ({ passwordFile = '' }) => passwordFromText(readFileSync(passwordFile, 'utf8')),
      ...place,
    });
    return Object.assign(storage, { [Symbol.asyncDispose]: () => storage.close() });
  }

  get #environment(): Record<string, string> {
    return { RESTIC_PASSWORD: password, HOME: this.#home, ...this.road.environment };
  }

  get #configFile(): string {
    return join(this.#home, 'config.jsonc');
  }
}

function outputOf(program: string, args: readonly string[], { code, stdout, stderr }: Ran): string {
  assert.equal(code, 0, `${program} ${args.join(' ')} ended with ${code}: ${stderr}${stdout.toString().slice(-2000)}`);
  return stdout.toString();
}
