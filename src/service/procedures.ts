import { alertProcedures } from './alert-requests.ts';
import type { Answer } from './answer.ts';
import { dashboardProcedures } from './dashboard-requests.ts';
import { driveProcedures } from './drive-requests.ts';
import { recordsProcedures } from './records-requests.ts';
import { repositoryProcedures } from './repository-requests.ts';
import { runProcedures } from './run-requests.ts';
import { serverProcedures } from './servers-requests.ts';
import { setProcedures } from './set-requests.ts';
import { snapshotProcedures } from './snapshot-requests.ts';
import { upkeepProcedures } from './upkeep-requests.ts';

/** Everything that the service answers once it has a session. */
export const procedures: readonly Answer[] = [
  ...setProcedures,
  ...runProcedures,
  ...repositoryProcedures,
  ...snapshotProcedures,
  ...serverProcedures,
  ...upkeepProcedures,
  ...driveProcedures,
  ...recordsProcedures,
  ...dashboardProcedures,
  ...alertProcedures,
];
