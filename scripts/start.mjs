// `npm start -- [arguments]`: from a fresh clone to the running demonstration.
import { existsSync } from 'node:fs';
import process from 'node:process';
import { prepare, projectFolder, runNode } from './bootstrap.mjs';
import { tasks } from './tasks.mjs';

const node24 = prepare();
for (const command of tasks.build) {
  const exitCode = runNode(node24, command);
  if (exitCode !== 0) process.exit(exitCode);
}
const demo = 'scripts/demo/main.ts';
if (existsSync(`${projectFolder}${demo}`)) {
  process.exit(runNode(node24, [demo, ...process.argv.slice(2)]));
}
console.log('Cadangan is built in dist/. There is no demonstration yet.');
