import type { ProgramReport, RecordKeeper } from '../jobs/index.ts';
import { CadanganError, isCode, type Clock } from '../platform/index.ts';
import type { BackupSet } from '../settings/index.ts';
import { formatTimestamp } from '../repository/index.ts';
import { recordOfBare, type BareRun } from './bare-run.ts';
import type { Elsewhere, ElsewhereCall } from './elsewhere.ts';
import type { Procedure } from './procedure.ts';
import * as protocol from './protocol.ts';
import type { BackupRunWish } from './run-desk.ts';
import type { RunList } from './run-list.ts';
import { workBackup, workJoin, workRuns } from './protocol/work.ts';

export interface RunsElsewhereOptions {
  readonly clock: Clock;
  readonly elsewhere: Elsewhere;
  readonly keeper: RecordKeeper;
  readonly list: RunList;
  /** Runs the set's program after, when the process that was to do it is gone. Never rejects. */
  readonly afterLost: (set: string, run: string | undefined) => Promise<readonly ProgramReport[]>;
}

/** What a run is, should its process tell nothing of it. */
type About = Pick<BareRun, 'job' | 'location'> & { readonly set?: string | undefined; readonly run: string | undefined };

/** Runs that another process makes: each gives a result and leaves a record, whatever becomes of that process. */
export class RunsElsewhere {
  readonly #options: RunsElsewhereOptions;

  constructor(options: RunsElsewhereOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  make<Params extends { readonly run?: string }>(
    about: Omit<About, 'run'>,
    procedure: Procedure<Params, protocol.RunResult>,
    params: Params,
    call: ElsewhereCall & Pick<BackupRunWish, 'occasion'>,
  ): Promise<protocol.RunResult> {
    return this.#made({ ...about, run: params.run }, procedure, params, call);
  }

  /** Never rejects. */
  backup(
    { name: set, repository: { location } }: BackupSet,
    { run, mayAsk, asksFirst = false, skipsUnchanged = false, occasion, options, ...call }: BackupRunWish & { readonly run: string },
  ): Promise<protocol.RunResult> {
    const params = { set, run, mayAsk, skipsUnchanged, occasion, hasPassword: asksFirst, ...(options && { options }) };
    return this.#made({ job: 'backup', set, location, run }, workBackup, params, { ...call, mayAsk, occasion });
  }

  /**
   * The run of a set that an earlier process of the service has begun elsewhere, if it goes on there; from then on it is ours to stop.
   * @throws `host.unreachable` when that cannot be told
   */
  async adopt(
    about: { readonly set: string; readonly location: string; readonly run: string },
    call: ElsewhereCall,
  ): Promise<{ readonly ended: Promise<protocol.RunResult> } | undefined> {
    const { set, location, run } = about;
    const runs = await this.#options.elsewhere.requestLiving(location, workRuns, undefined, { ...call, onProgress: undefined });
    if (!runs?.includes(run)) return undefined;
    return { ended: this.#made({ job: 'backup', set, location, run }, workJoin, { run }, call) };
  }

  async #made<Params>(
    about: About,
    procedure: Procedure<Params, protocol.RunResult>,
    params: Params,
    call: ElsewhereCall & Pick<BackupRunWish, 'occasion'>,
  ): Promise<protocol.RunResult> {
    const { elsewhere, keeper } = this.#options;
    const started = this.#nowText();
    try {
      const made = await elsewhere.request(about.location, procedure, params, call);
      if (made.record === undefined) keeper.remember(made);
      return made;
    } catch (error) {
      return (isCode(error, 'host.lost') ? await this.#rejoined(about, call) : undefined) ?? this.#lost(about, started, error, call);
    }
  }

  /** A connection can go and its process stay: then the run goes on. */
  async #rejoined({ location, run }: About, call: ElsewhereCall): Promise<protocol.RunResult | undefined> {
    const { elsewhere } = this.#options;
    if (run === undefined) return undefined;
    try {
      const runs = await elsewhere.requestLiving(location, workRuns, undefined, { ...call, onProgress: undefined });
      return runs?.includes(run) ? await elsewhere.requestLiving(location, workJoin, { run }, call) : undefined;
    } catch {
      return undefined; // its record tells, or that there is none
    }
  }

  /** Its process went, or never came: perhaps it has still written down what came of the run. */
  async #lost(
    { set, run, ...about }: About,
    started: string,
    error: unknown,
    { via = 'editor', user, occasion }: ElsewhereCall & Pick<BackupRunWish, 'occasion'>,
  ): Promise<protocol.RunResult> {
    const { list, keeper, afterLost } = this.#options;
    const known = run === undefined ? undefined : await list.withId(run);
    if (known) return known;
    const isLost = isCode(error, 'host.lost');
    const why = isLost
      ? new CadanganError('host.lost', { reason: 'the process that worked on the repository ended' }, { cause: error })
      : error;
    const programs = about.job === 'backup' && set !== undefined ? await afterLost(set, run) : [];
    const bare = { ...about, started, ended: this.#nowText(), error: why, programs, ...(isLost && { result: 'stopped' as const }) };
    return keeper.writeRun((common) => recordOfBare(bare, { ...common, via, user, trigger: 'manual', set, run, ...occasion }));
  }

  #nowText(): string {
    const { clock } = this.#options;
    const nowNs = clock.nowNs();
    return formatTimestamp(nowNs, clock.offsetMinutes(nowNs));
  }
}
