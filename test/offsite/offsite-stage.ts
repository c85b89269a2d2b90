import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DriveFolder, openUploadJournal, type DriveClientOptions } from '../../src/google/index.ts';
import { chainOfHistoryPath, claimedMark, DriveCopy, syncCopy, type SyncOptions, type SyncReport } from '../../src/offsite/index.ts';
import { system, systemClock } from '../../src/platform/index.ts';
import { isAnchorFileName } from '../../src/records/index.ts';
import { saveSnapshot } from '../../src/repository/index.ts';
import { FolderStorage } from '../../src/storage/index.ts';
import { sampleAccount, sampleDeviceClient, type DriveEmulator, type EmulatorOptions, type Person } from '../drive-emulator/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { RepositoryMaker } from '../fakes/repository-maker.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { driveStage, signedInStore, type DriveStage } from '../google/drive-stage.ts';
import { start } from '../interop/programs.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

export const copyPath = 'Backup/office';

/** A repository in a folder, and the folder on the emulator that it is copied to. */
export class OffsiteStage implements AsyncDisposable {
  readonly folder: string;
  readonly repository: string;
  readonly source: FolderStorage;
  readonly drive: DriveStage;
  readonly random: SeededRandom;
  readonly #maker: RepositoryMaker;
  readonly #dispose: () => Promise<void>;
  #journals: DriveFolder[] = [];
  #folderIds: readonly string[] = [];
  #count = 0;

  private constructor(folder: string, drive: DriveStage, maker: RepositoryMaker, random: SeededRandom, dispose: () => Promise<void>) {
    this.folder = folder;
    this.repository = join(folder, 'repository');
    this.source = new FolderStorage(this.repository);
    this.drive = drive;
    this.random = random;
    this.#maker = maker;
    this.#dispose = dispose;
  }

  static async open(
    seed = 1,
    options: { readonly emulator?: EmulatorOptions; readonly client?: Partial<DriveClientOptions> } = {},
  ): Promise<OffsiteStage> {
    const place = await temporaryFolder();
    const drive = await driveStage({ ...options, emulator: { seed, ...options.emulator } });
    const maker = await RepositoryMaker.create(join(place.path, 'repository'));
    return new OffsiteStage(place.path, drive, maker, new SeededRandom(seed), async () => place[Symbol.asyncDispose]());
  }

  get emulator(): DriveEmulator {
    return this.drive.drive;
  }

  get person(): Person {
    return this.emulator.person(sampleAccount);
  }

  /** A snapshot of some new files in packs of about `packBytes`; restic reads it like any other. */
  async backup(packs = 3, packBytes = 60_000): Promise<string> {
    const files = [];
    for (let i = 0; i < packs; i++) {
      files.push(await this.#maker.file(`file-${this.#count++}`, this.random.bytes(packBytes - this.random.below(packBytes / 2))));
      await this.#maker.endPack();
    }
    const { tree } = await this.#maker.snapshot(...files.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
    return saveSnapshot(
      this.#maker.repository,
      {
        time: `2026-11-01T21:00:0${this.#count % 10}+07:00`,
        tree,
        paths: ['/srv'],
        hostname: 'srv-01',
        username: 'root',
        uid: 0,
        gid: 0,
        tags: ['office'],
        excludes: [],
        programVersion: 'cadangan test',
      },
      neverAborted,
    );
  }

  /** Forgets all but the last snapshots and removes what only they needed, by stock restic, as an administrator does. */
  async prune(): Promise<void> {
    const { code, stderr } = await start(
      'restic',
      ['-r', this.repository, '--no-cache', 'forget', '--keep-last', '2', '--group-by', '', '--prune', '--max-unused', '0'],
      { env: { RESTIC_PASSWORD: 'password' } },
    ).ended;
    assert.equal(code, 0, stderr);
  }

  /** The copy as another process of the same machine would open it: with the journal that the last one left. */
  async copy(options: Partial<DriveClientOptions> = {}): Promise<DriveCopy> {
    // Of a process that has died nothing is open. Here it is, and Windows replaces no file that is.
    if (system.isWindows) for (const folder of this.#journals.splice(0)) await folder.close();
    const folder = new DriveFolder(this.drive.another(options), copyPath, {
      journal: await openUploadJournal(join(this.folder, 'state', 'uploads.jsonl')),
      knownIds: this.#folderIds,
    });
    this.#journals.push(folder);
    return new DriveCopy(folder);
  }

  /** As another machine would: with a journal of its own. */
  async foreignCopy(): Promise<DriveCopy> {
    return new DriveCopy(new DriveFolder(this.drive.another(), copyPath));
  }

  /** As after the company has made its OAuth client anew: the account is the same, what the old one made is not to be seen. */
  async copyOfOtherClient(): Promise<DriveCopy> {
    const { id: clientId, secret: clientSecret } = sampleDeviceClient;
    const store = signedInStore(this.emulator);
    store.signIn = store.signIn && {
      ...store.signIn,
      clientId,
      refreshToken: this.emulator.accounts.refreshToken(sampleAccount, { client: sampleDeviceClient }),
    };
    return this.copy({ credentials: { kind: 'sign-in', client: { clientId, clientSecret }, store } });
  }

  async sync(options: Partial<SyncOptions> = {}, copy?: DriveCopy): Promise<SyncReport> {
    const target = copy ?? (await this.copy());
    try {
      return await syncCopy({ source: this.source, target, clock: systemClock }, { againMs: 20, signal: neverAborted, ...options });
    } finally {
      if (copy === undefined && target.folderIds.length > 0) this.#folderIds = target.folderIds;
    }
  }

  /** Names and sizes of the original as paths, locks left out. */
  get sourceFiles(): string[] {
    return filesBelow(this.repository).filter((path) => !path.startsWith('locks/'));
  }

  /** What lies on Drive below the copy's folder, doubles twice; not the trash, the records, what dates them and the claim. */
  get copyFiles(): string[] {
    const prefix = `${copyPath}/`;
    const isLive = (id: string): boolean => this.person.find(this.person.pathOf(id)).some((file) => file.id === id);
    return this.person
      .files()
      .filter(({ mimeType }) => !mimeType.includes('folder'))
      .map(({ id }) => ({ id, path: this.person.pathOf(id) }))
      .filter(({ id, path }) => path.startsWith(prefix) && isLive(id))
      .map(({ path }) => path.slice(prefix.length))
      .filter((path) => !isAnchorFileName(path) && claimedMark(path) === undefined && chainOfHistoryPath(path) === undefined)
      .sort();
  }

  idOf(path: string): string {
    const [file] = this.person.find(`${copyPath}/${path}`);
    assert.ok(file, `${path} is not on Drive`);
    return file.id;
  }

  assertWhole(): void {
    assert.deepEqual(this.copyFiles, this.sourceFiles);
  }

  /**
   * As an administrator would who has nothing but the copy: mirrored by an independent client, opened by restic. On Windows, where tests
   * have none, nobody is asked: what else they say holds there, too.
   */
  async checkByRestic(): Promise<void> {
    if (system.isWindows) return;
    const target = join(this.folder, 'mirror');
    await rm(target, { recursive: true, force: true });
    await this.mirror(target);
    await checkByRestic(target);
  }

  /** The copy as it is at this moment. */
  async mirror(target: string): Promise<void> {
    await this.person.mirror(copyPath, target);
  }

  write(path: string, bytes: Uint8Array): void {
    mkdirSync(dirname(join(this.repository, path)), { recursive: true });
    writeFileSync(join(this.repository, path), bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const folder of this.#journals) await folder.close();
    await this.drive[Symbol.asyncDispose]();
    await this.#dispose();
  }
}

/** Every byte. A copy that has no config yet is no repository, and nothing to check. @returns whether there was one */
export async function checkByRestic(target: string): Promise<boolean> {
  if (!existsSync(join(target, 'config'))) return false;
  for (const kind of ['locks', 'keys', 'index', 'snapshots', 'data']) mkdirSync(join(target, kind), { recursive: true });
  const { code, stdout, stderr } = await start('restic', ['-r', target, '--no-cache', '--no-lock', 'check', '--read-data'], {
    env: { RESTIC_PASSWORD: 'password' },
  }).ended;
  assert.equal(code, 0, stderr + stdout.toString());
  return true;
}

function filesBelow(folder: string, prefix = ''): string[] {
  return readdirSync(folder)
    .flatMap((name) =>
      statSync(join(folder, name)).isDirectory() ? filesBelow(join(folder, name), `${prefix}${name}/`) : [`${prefix}${name}`],
    )
    .sort();
}
