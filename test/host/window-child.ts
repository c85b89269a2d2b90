/**
 * A program for the tests of windows that die: `<configuration> <state folder> <linger ms> [run]`. It is a window with a host, which it
 * never answers a question; with `run` it asks for a backup of the set `data`. It prints the host's process id, and lives until it is
 * killed.
 */
import { HostClient, startHost } from '../../src/host/index.ts';
import { systemRandom } from '../../src/platform/index.ts';
import { protocol } from '../../src/service/index.ts';

const [, , configFile = '', stateFolder = '', lingerMs = '', run] = process.argv;
const client = new HostClient({
  place: () => ({ stateFolder, version: '0.0.0', random: systemRandom }),
  startHost: () => startHost({ stateFolder, configFile, environment: process.env, lingerMs: Number(lingerMs) }),
  language: () => 'en',
  password: () => new Promise(() => process.stdout.write('asked\n')),
});
await client.start();
process.stdout.write(`${client.pid}\n`);
if (run === 'run') await client.request(protocol.startBackup, { set: 'data' }).catch(() => undefined);
setInterval(() => undefined, 1000);
