// `npm start -- [arguments]`: from a fresh clone to the running demonstration.
import { spawn } from 'node:child_process';
import process from 'node:process';
import { prepare, projectFolder, runNode } from './bootstrap.mjs';
import { tasks } from './tasks.mjs';

const args = process.argv.slice(2);
const node24 = prepare();
const showsEditor = !args.includes('--once') && !args.includes('--help');
for (const command of showsEditor ? tasks.package : tasks.build) {
  const exitCode = runNode(node24, command);
  if (exitCode !== 0) process.exit(exitCode);
}
if (showsEditor) runNode(node24, ['scripts/vscode/provide-server.ts', 'newest']);
// It stays until it is told to end, and then cleans up: whoever tells us tells it.
const demo = spawn(node24, ['scripts/demo/main.ts', ...args], { cwd: projectFolder, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => demo.kill(signal));
demo.once('error', (error) => {
  console.error(`Cannot start ${node24}: ${error.message}`);
  process.exit(1);
});
demo.once('exit', (code) => process.exit(code ?? 1));
