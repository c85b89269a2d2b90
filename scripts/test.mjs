// `npm test`: everything; `--quick` without the tests against other programs; `--interop` those only; `--only <file...>`.
import process from 'node:process';
import { prepare, runNode } from './bootstrap.mjs';
import { provideTools } from './provide-debian.mjs';

const args = process.argv.slice(2);
const node24 = prepare();
if (!args.includes('--quick') && !args.includes('--only')) provideTools();
process.exit(runNode(node24, ['scripts/test-run.mjs', ...args]));
