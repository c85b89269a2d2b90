/**
 * A program for the tests of windows that die: `<configuration> <state folder> <linger ms> [run]`. It is a window with a host, which it
 * never answers a question; with `run` it asks for a backup of the set `data`, and tells what came of it (`ran <outcome or code>`). It
 * prints the process id of each host that it comes to have, and the states of the sets (`sets <JSON>`) for each line of its input. It lives
 * until it is killed.
 */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { HostClient, HostError, startHost } from '../../src/host/index.ts';
import { systemRandom } from '../../src/platform/index.ts';
import { protocol } from '../../src/service/index.ts';
import { hostPath } from './host-path.ts';

const [, , configFile = '', stateFolder = '', lingerMs = '', run] = process.argv;
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const client = new HostClient({
  place: () => ({ stateFolder, version: '0.0.0', random: systemRandom }),
  startHost: () => startHost({ stateFolder, configFile, environment: process.env, lingerMs: Number(lingerMs), hostPath }),
  language: () => 'en',
  password: () => new Promise(() => say('asked')),
  onReady: ({ pid }) => say(String(pid)),
});
createInterface(process.stdin).on('line', () => void tellSets());
// A host that dies while it is greeted, or ends before we have found it: then there is another.
for (let isConnected = false; !isConnected; await delay(50)) {
  isConnected = await client.start().then(
    () => true,
    () => false,
  );
}
if (run === 'run') {
  await client.request(protocol.startBackup, { set: 'data' }).then(
    ({ outcome }) => say(`ran ${outcome}`),
    (error: unknown) => say(`ran ${error instanceof HostError ? error.code : String(error)}`),
  );
}
setInterval(() => undefined, 1000);

/** A window shows what it read until it has something new: it asks again when the host goes away under its question. */
async function tellSets(): Promise<void> {
  try {
    const sets = await client.request(protocol.listSets, undefined);
    say(`sets ${JSON.stringify(Object.fromEntries(sets.map(({ name, state }) => [name, state])))}`);
  } catch (error) {
    say(`sets ${JSON.stringify({ error: String(error) })}`);
  }
}
