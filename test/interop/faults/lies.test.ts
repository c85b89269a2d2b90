// Servers that do not do what they say: it is found before a run says that it was good, or does no harm.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { JobResult } from '../../../src/jobs/index.ts';
import { isCode } from '../../../src/platform/index.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { Stage } from '../stage.ts';
import { assertGood, JobsOnStorage } from './jobs-on-storage.ts';
import { lyingRest, lyingS3, type LyingServer, type StrangeAnswer } from './lying-server.ts';

const stage = new Stage();
const random = new SeededRandom(20261130);

/** A repository with two snapshots at a server that can lie, and copies of what they are of. */
class Deceived implements AsyncDisposable {
  readonly server: LyingServer;
  readonly jobs: JobsOnStorage;
  readonly source = stage.folder('source');
  readonly #copies = new Map<string, string>();

  private constructor(server: LyingServer) {
    this.server = server;
    this.jobs = new JobsOnStorage(stage, { openRoad: () => server.openRoad(), location: server.location });
  }

  static async at(open: () => Promise<LyingServer>): Promise<Deceived> {
    const it = new Deceived(await open());
    await it.jobs.init();
    for (const _ of [1, 2]) await it.backUp();
    return it;
  }

  /** A run that is to be good. */
  async backUp(): Promise<void> {
    this.change();
    const result = await this.jobs.backup(this.source);
    assertGood(result);
    this.#keepCopy(result.details?.snapshotId);
  }

  change(): void {
    for (let at = 0; at < 3; at++) writeFileSync(join(this.source, `file ${random.below(6)}`), random.bytes(200_000));
  }

  /** A run while the server lies. @returns whether it said that it was good; else it has said what was wrong */
  async deceivedBackup(): Promise<boolean> {
    this.change();
    const result = await this.jobs.backup(this.source);
    if (result.outcome === 'success') this.#keepCopy(result.details?.snapshotId);
    else this.#assertSaid(result);
    return result.outcome === 'success';
  }

  /** Whatever is done while the server lies says what is wrong, or is good. */
  async deceivedRuns(): Promise<void> {
    await this.deceivedBackup();
    for (const result of [await this.jobs.prune({ waits: true }), await this.jobs.check()])
      if (result.outcome !== 'success' && result.error !== undefined) this.#assertSaid(result);
  }

  /** The server is honest again: runs go on, and nothing is missing that anything needs. */
  async assertSound(): Promise<void> {
    this.server.lies = {};
    assertGood(await this.jobs.prune({ waits: true }));
    assertGood(await this.jobs.check());
  }

  /** All that was ever said to be stored is there, byte by byte, also after a prune. */
  async assertNothingLost(): Promise<void> {
    assertGood(await this.jobs.prune());
    assertGood(await this.jobs.check('all'));
    for (const [snapshot, copy] of this.#copies) assertGood(await this.jobs.restore(this.source, { snapshot, copy }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }

  #assertSaid(result: JobResult<unknown>): void {
    this.jobs.assertFailed(
      result,
      'storage.unreachable',
      'storage.no-repository',
      'storage.not-found',
      'repository.damaged',
      'prune.refused',
    );
  }

  #keepCopy(snapshot: string | undefined): void {
    const copy = stage.fresh('copy');
    assert.equal(spawnSync('cp', ['-a', this.source, copy]).status, 0);
    this.#copies.set(snapshot ?? assert.fail('no snapshot'), copy);
  }
}

const kinds = ['data', 'index', 'snapshots', 'locks'] as const;

/** What a server may do with a file that it says it has stored. */
const thefts: readonly (readonly [what: string, keep: (bytes: Buffer) => Buffer | undefined])[] = [
  ['nothing', () => undefined],
  ['a part', (bytes) => bytes.subarray(0, -1)],
  ['other bytes', (bytes) => Buffer.alloc(bytes.length)],
];

type Listing = ReadonlyMap<string, number>;

/** What a server may list instead of what there is. A new one of each is used: some remember. */
const wrongLists: readonly (readonly [what: string, list: () => (there: Listing) => Listing])[] = [
  [
    'not yet what came last',
    () => {
      let first: Listing | undefined;
      return (there) => {
        first ??= there;
        const known = first;
        return new Map([...there].filter(([name]) => known.has(name)));
      };
    },
  ],
  [
    'still what was removed',
    () => {
      const seen = new Map<string, number>([['ab'.repeat(32), 200]]);
      return (there) => {
        for (const [name, size] of there) seen.set(name, size);
        return seen;
      };
    },
  ],
  ['half of it, as if that were all', () => (there) => new Map([...there].toSorted().filter((_, at) => at % 2 === 0))],
];

/** Somebody else who answers: a portal in between, another server at the address. */
const strangers: readonly (readonly [what: string, answer: StrangeAnswer])[] = [
  ['a page to whatever it is asked', { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<html><body>Log in</body></html>' }],
  ['nothing found', { status: 404, headers: { 'Content-Type': 'text/html' }, body: '<html><body>Not Found</body></html>' }],
  ['elsewhere', { status: 302, headers: { Location: 'http://192.0.2.1/' }, body: '' }],
  ['that it is broken', { status: 502, body: '<html><body>Bad Gateway</body></html>' }],
];

for (const [name, open, listedKinds] of [
  ['REST', lyingRest, kinds],
  ['S3', lyingS3, ['data', 'snapshots']], // what is above a storage is the same
] as const)
  describe(`over ${name}, a server that`, () => {
    let it: Deceived;
    before(async () => {
      it = await Deceived.at(open);
    });
    after(async () => {
      await it.assertNothingLost();
      await it[Symbol.asyncDispose]();
    });

    for (const kind of kinds)
      for (const [what, keep] of thefts)
        test(`keeps ${what} of ${kind} and says that it was stored is found out`, async () => {
          it.server.lies = { keeps: (file, bytes) => (file.startsWith(`${kind}/`) ? keep(bytes) : bytes) };
          assert.equal(await it.deceivedBackup(), false);
          await it.assertSound();
        });

    for (const kind of listedKinds)
      for (const [what, list] of wrongLists)
        test(`lists ${what} of ${kind} is found out, or does no harm`, async () => {
          const wrong = list();
          it.server.lies = { lists: (asked, there) => (asked === kind ? wrong(there) : there) };
          await it.deceivedRuns();
          await it.assertSound();
        });

    for (const [what, answers] of strangers)
      test(`says ${what} is no repository, and nothing is made there`, async () => {
        it.server.lies = { answers };
        for (const result of [
          await it.jobs.backup(it.source),
          await it.jobs.prune(),
          await it.jobs.check(),
          await it.jobs.restore(it.source),
        ])
          it.jobs.assertFailed(
            result,
            'storage.unreachable',
            'storage.no-repository',
            'storage.denied',
            'repository.damaged',
            'repository.missing',
          );
        await assert.rejects(it.jobs.init(), (error) => isCode(error, 'storage.unreachable', 'storage.denied', 'repository.exists'));
        await it.assertSound();
      });
  });
