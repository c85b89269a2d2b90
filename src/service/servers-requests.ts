import { answer } from './answer.ts';
import { expectedServers } from './expected-servers.ts';
import * as protocol from './protocol.ts';
import { serversReport } from './servers-report.ts';
import type { Service } from './service.ts';

/** Every server that backs up into the repositories of the configured sets. */
export const serverProcedures = [
  answer(protocol.listServers, (service) => report(service)),
  answer(protocol.lookAtServers, async (service, _, { client, via, user, signal }) => {
    await service.servers.look({ client, via, user, signal });
    return report(service);
  }),
];

async function report(service: Service): Promise<protocol.ServersReport> {
  const { servers, configuration, passwords, world, introduction } = service;
  const looks = await servers.looks();
  const ownHost = introduction.hostId;
  const expectations = expectedServers(configuration, {
    ownHost,
    locations: looks.map(({ location }) => location),
    isWhole: true,
  });
  return serversReport(looks, expectations, { ownHost, clock: world.clock, scrub: passwords.scrub });
}
