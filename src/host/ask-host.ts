import { CadanganError, currentLanguage } from '../platform/index.ts';
import { errorOfData, protocol, type Procedure } from '../service/index.ts';
import { Channel } from './channel.ts';
import { hostErrorOf } from './client.ts';
import type { Peer } from './handshake.ts';
import { HostError } from './host-error.ts';
import { visitHost, type HostPlace } from './visit-host.ts';

/**
 * Asks the host of this state folder one thing, for a command that only looks: it starts none.
 * @returns undefined when there is none, or it ended just now
 * @throws `host.unreachable` when it cannot be talked to; what it answered, as the `CadanganError` that it was
 */
export async function askHost<Params, Result>(
  place: HostPlace,
  procedure: Procedure<Params, Result>,
  params: NoInfer<Params>,
  signal: AbortSignal,
): Promise<{ readonly host: Peer; readonly answer: Result } | undefined> {
  const visit = await visitHost(place);
  if (visit === undefined) return undefined;
  const { connection, host, closed } = visit;
  const channel = new Channel(connection);
  connection.listen();
  const asking = async (): Promise<{ readonly host: Peer; readonly answer: Result }> => {
    await channel.request(protocol.initialize, { language: currentLanguage(), via: 'command-line' }, { signal });
    return { host, answer: await channel.request(procedure, params, { signal }) };
  };
  try {
    return await Promise.race([asking(), closed.then(() => undefined)]);
  } catch (error) {
    const known = hostErrorOf(error);
    const answered = known instanceof HostError ? errorOfData(known.data) : known;
    if (answered instanceof CadanganError) throw answered;
    // Of another version, for instance, that does not know the procedure.
    const reason = answered instanceof Error ? answered.message : String(answered);
    throw new CadanganError('host.unreachable', { path: place.stateFolder, reason }, { cause: answered });
  } finally {
    visit.close();
  }
}
