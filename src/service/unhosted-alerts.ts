import { AlertFile } from '../notices/index.ts';
import { systemRandom } from '../platform/index.ts';
import { alertsInfoOf } from './alert-desk.ts';
import { configurationInForce, LastGoodFile } from './last-good-file.ts';
import type { AlertsInfo } from './protocol.ts';
import type { ServicePlace } from './service.ts';

/** Who is told of trouble, for when no host runs that could be asked. @throws the system's errors */
export async function unhostedAlerts({ configFile, stateFolder }: ServicePlace): Promise<AlertsInfo> {
  const { used } = await configurationInForce(configFile, new LastGoodFile(stateFolder, systemRandom));
  return alertsInfoOf(used.configuration, await new AlertFile(stateFolder, systemRandom).read());
}
