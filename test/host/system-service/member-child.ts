/**
 * A program for the tests of a service's group: `<door> <state folder> <uid> <gid>`. It is started by root, becomes another user of that
 * one group, and then asks what it is told to on its input, a line each (`[name, params]`); it tells what came of it (`{name, code}` or
 * `{name, result}`).
 */
import { createInterface } from 'node:readline';
import { HostClient, HostError } from '../../../src/host/index.ts';
import { systemRandom } from '../../../src/platform/index.ts';
import { procedures, protocol } from '../../../src/service/index.ts';

const [, , door = '', stateFolder = '', uid = '', gid = ''] = process.argv;
process.setgroups?.([Number(gid)]);
process.setgid?.(Number(gid));
process.setuid?.(Number(uid));
const say = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value)}\n`);
const client = new HostClient({
  place: () => ({ stateFolder, version: '0.0.0', random: systemRandom, door }),
  startHost: async () => {
    throw new Error('nobody starts a host here');
  },
  language: () => 'en',
  reconnects: false,
  password: async () => {
    say({ name: 'password', asked: true });
    return 'a wrong one';
  },
  onLog: ({ message }) => say({ name: 'log', message }),
});
const known = new Map([...procedures.map(({ procedure }) => procedure), protocol.leave].map((procedure) => [procedure.name, procedure]));

createInterface(process.stdin).on('line', (line) => void ask(line));

async function ask(line: string): Promise<void> {
  const [name, params] = JSON.parse(line) as [string, unknown];
  const procedure = known.get(name) ?? { ...protocol.leave, name };
  try {
    say({ name, result: (await client.request(procedure, params ?? undefined)) ?? null });
  } catch (error) {
    say({ name, code: error instanceof HostError ? error.code : String(error) });
  }
}
