/**
 * The command line as another user of one group: `<uid> <gid> <arguments>...`. It is started by root, who alone may be able to read the
 * sources: what it needs is loaded before it becomes that user.
 */
import process from 'node:process';
import { runProgram } from '../../../src/cli/program.ts';
import '../../../src/cli/set-looks.ts';
import { Terminal } from '../../../src/cli/terminal.ts';
import { systemClock } from '../../../src/platform/index.ts';

const [, , uid = '', gid = '', ...args] = process.argv;
process.setgroups?.([Number(gid)]);
process.setgid?.(Number(gid));
process.setuid?.(Number(uid));
const terminal = new Terminal(process.stdout, process.stderr);
const code = await runProgram(args, {
  terminal,
  input: process.stdin,
  environment: process.env,
  clock: systemClock,
  workingFolder: process.cwd(),
  signal: new AbortController().signal,
});
await terminal.drain();
process.exit(code);
