import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { compileExcludeRules } from '../../src/backup/index.ts';
import {
  backupJob,
  drillJob,
  type DrillDetails,
  type DrillOptions,
  type DrillTarget,
  type JobResult,
  type RepositoryAccess,
} from '../../src/jobs/index.ts';
import { systemClock, passwordFromText } from '../../src/platform/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { freshSeed } from '../seeds.ts';

const password = passwordFromText('drill');

/** What a drill wrote as evidence, as far as tests look into it. */
export interface Evidence {
  readonly isPassed: boolean;
  readonly recoverySeconds: number;
  readonly exceptions: readonly { readonly kind: string }[];
  readonly sets: readonly {
    readonly set: string;
    readonly snapshotId: string;
    readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string; readonly source?: string }[];
  }[];
}

/** A server with data, a repository, and a place for scratch folders. Everything is removed after the test. */
export class DrillStage {
  readonly folder = mkdtempSync(join(tmpdir(), 'cadangan-drill-test-'));
  readonly repository = this.path('repository');
  readonly scratch = this.path('scratch');
  readonly records = this.path('state', 'records');
  readonly random: SeededRandom;

  constructor(t: TestContext, seed = freshSeed()) {
    t.diagnostic(`seed ${seed}`);
    this.random = new SeededRandom(seed);
    t.after(() => rm(this.folder, { recursive: true, force: true, maxRetries: 5 })); // `rmSync` may keep the read-only files of a repository
  }

  static async make(t: TestContext, seed?: number): Promise<DrillStage> {
    const stage = new DrillStage(t, seed);
    await Repository.init({ storage: openStorage(stage.repository) }, password, { signal: neverAborted, kdfCost: { N: 16, r: 8, p: 1 } });
    return stage;
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  write(name: string, content: string | Uint8Array): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  /** Files of a set with content of all sizes, also of many blobs' worth. */
  fill(set: string, count: number): void {
    for (let at = 0; at < count; at++)
      this.write(`${set}/folder-${at % 7}/file-${at}.bin`, this.random.bytes(1 + this.random.below(40_000)));
  }

  async backup(set: string, timeNs?: bigint): Promise<string> {
    const rules = await compileExcludeRules({}, { environment: {}, windows: false });
    const { details, outcome, error } = await backupJob(this.access(), {
      sources: [this.path(set)],
      workingFolder: this.folder,
      rules,
      tags: [set],
      programVersion: 'test',
      ...(timeNs !== undefined && { timeNs }),
    });
    assert.equal(outcome, 'success', String(error));
    return details?.snapshotId ?? '';
  }

  access(more: Partial<RepositoryAccess> = {}): RepositoryAccess {
    return { location: this.repository, password: async () => password, signal: new AbortController().signal, ...more };
  }

  drill(
    sets: readonly string[],
    more: Partial<DrillOptions> = {},
    access: Partial<RepositoryAccess> = {},
  ): Promise<JobResult<DrillDetails>> {
    const signal = more.signal ?? new AbortController().signal;
    const targets: DrillTarget[] = sets.map((set) => ({ set, access: this.access({ signal, ...access }) }));
    return drillJob(targets, {
      date: { kind: 'newest' },
      sample: { kind: 'files', files: 10, maxBytes: 2 ** 30 },
      from: 'backup-server',
      scratchParent: this.scratch,
      recordsFolder: this.records,
      software: 'test',
      clock: systemClock,
      random: this.random,
      signal,
      ...more,
    });
  }

  evidenceOf({ details }: JobResult<DrillDetails>): Evidence {
    assert.ok(details, 'the drill came to its end');
    const bytes = readFileSync(details.evidence.path);
    assert.equal(sha256(bytes), details.evidence.sha256);
    assert.equal(details.evidence.path, join(this.records, details.evidence.name));
    return JSON.parse(bytes.toString()) as Evidence;
  }

  /** What drills left behind. */
  get left(): readonly string[] {
    return readdirSync(this.scratch);
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
