// The emulator as a program, for the demonstration and for tests of windows: `node test/drive-emulator/main.ts --folder F [--port 0]`.
// Prints one line of JSON: its address, another one for orders (see control.ts), and the files that a program signs in with. Ends when its
// standard input does. It answers as slowly as Google unless --fast is given.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startControl } from './control.ts';
import { clientFileOf } from './credentials.ts';
import { startDriveEmulator } from './emulator.ts';
import { honestLatency, sampleClient, sampleDeviceClient, type EmulatorOptions } from './options.ts';

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    port: { type: 'string' },
    seed: { type: 'string' },
    options: { type: 'string' },
    fast: { type: 'boolean' },
  },
});
const given = values.options === undefined ? {} : (JSON.parse(readFileSync(values.options, 'utf8')) as EmulatorOptions);
const emulator = await startDriveEmulator({
  ...(values.folder === undefined ? {} : { folder: values.folder }),
  port: Number(values.port ?? 0),
  seed: Number(values.seed ?? 1),
  logLength: 10_000,
  latency: values.fast === true ? {} : honestLatency,
  ...given,
});
const control = await startControl(emulator);
console.log(
  JSON.stringify({
    url: emulator.url,
    control,
    accounts: emulator.accounts.emails,
    ...(values.folder === undefined ? {} : writeCredentials(values.folder)),
  }),
);

let isEnding = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
process.stdin.resume().once('end', end).once('error', end);

function end(): void {
  if (isEnding) return;
  isEnding = true;
  void emulator.close().then(() => process.exit(0));
}

function writeCredentials(folder: string): Record<string, string> {
  mkdirSync(folder, { recursive: true });
  const files = { clientFile: join(folder, 'client.json'), deviceClientFile: join(folder, 'device-client.json') };
  writeFileSync(files.clientFile, JSON.stringify(clientFileOf(sampleClient), undefined, 2));
  writeFileSync(files.deviceClientFile, JSON.stringify(clientFileOf(sampleDeviceClient), undefined, 2));
  return files;
}
