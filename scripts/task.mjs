// `node scripts/task.mjs <name> [arguments for its last command]`: prepares the clone and runs one of `tasks.mjs`.
import process from 'node:process';
import { prepare, runNode } from './bootstrap.mjs';
import { tasks } from './tasks.mjs';

const [name, ...rest] = process.argv.slice(2);
const commands = tasks[name];
if (commands === undefined) {
  console.error(`Unknown task "${name}". There are: ${Object.keys(tasks).join(', ')}.`);
  process.exit(1);
}
const node24 = prepare();
for (const [index, command] of commands.entries()) {
  const exitCode = runNode(node24, index === commands.length - 1 ? [...command, ...rest] : command);
  if (exitCode !== 0) process.exit(exitCode);
}
