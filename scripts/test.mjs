// `npm test`: everything. `--quick` leaves out what needs other programs, an editor or a browser; `--long` runs what has rounds, with all
// of them (test/rounds.ts); `--interop`, `--vscode` and `--e2e` run only the tests against other programs, inside the extension host, and
// of the window, `--windows [file...]` those in Windows' Node under Wine; `--only <file...>` runs those.
import process from 'node:process';
import { prepare, runNode } from './bootstrap.mjs';
import { programsBeside, provideTools } from './provide-debian.mjs';

const args = process.argv.slice(2);
const node24 = prepare();
const wants = (...phases) => args.length === 0 || phases.some((phase) => args.includes(phase));
if (wants('--interop', '--long')) provideTools(programsBeside);
if (wants('--windows', '--long')) {
  provideTools(['restic', 'setpriv', 'wine']);
  runNode(node24, ['--disable-warning=ExperimentalWarning', 'scripts/windows/provide-wine.ts']);
}
if (wants('--vscode', '--e2e')) {
  provideTools(['chromium']);
  runNode(node24, ['scripts/vscode/provide-server.ts']);
}
process.exit(runNode(node24, ['scripts/test-run.mjs', ...args]));
