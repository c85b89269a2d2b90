import type { PackId, Repository } from '../repository/index.ts';
import type { CheckPhase, CheckProgressSink } from './check-result.ts';
import { Damage } from './damage.ts';
import { FaultLog } from './fault-log.ts';
import { ProgressMeter, type PhaseProgress } from './progress-meter.ts';

/** What every part of a check works with. */
export interface CheckContext {
  readonly repository: Repository;
  readonly log: FaultLog;
  readonly damage: Damage;
  /** Packs that a prune has taken out of the index, and that the next one removes. */
  readonly waiting: Set<PackId>;
  readonly progress: ProgressMeter<CheckPhase>;
  readonly signal: AbortSignal;
}

export function makeCheckContext(repository: Repository, sink: CheckProgressSink | undefined, signal: AbortSignal): CheckContext {
  const log = new FaultLog();
  const report = sink && ((progress: PhaseProgress<CheckPhase>) => sink({ ...progress, errorCount: log.count }));
  const progress = new ProgressMeter<CheckPhase>(report, repository.clock, 'files');
  return { repository, log, damage: new Damage(repository.index), waiting: new Set(), progress, signal };
}
