/**
 * A program for the tests of engines whose window dies: `<configuration> <state folder> [run]`. It is a window with an engine, which it
 * never answers a question; with `run` it asks for a backup of the set `data`. It prints the engine's process id, and lives until it is
 * killed.
 */
import { fileURLToPath } from 'node:url';
import { EngineClient } from '../../src/host/index.ts';
import { protocol } from '../../src/service/index.ts';

const [, , configFile = '', stateFolder = '', run] = process.argv;
const client = new EngineClient({
  enginePath: fileURLToPath(new URL('../../src/host/engine-main.ts', import.meta.url)),
  environment: process.env,
  initialize: () => ({ configFile, stateFolder, language: 'en', maySchedule: true }),
  password: () => new Promise(() => process.stdout.write('asked\n')),
});
await client.start();
process.stdout.write(`${client.pid}\n`);
if (run === 'run') await client.request(protocol.startBackup, { set: 'data' });
setInterval(() => undefined, 1000);
