// Imported before a test file that only computes: a window of VS Code beside it gets the processor first, as its user would expect.
import { enableCompileCache } from 'node:module';
import { constants, setPriority } from 'node:os';

setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
// Half of what a small test costs is stripping types, in each of its threads anew: the first process leaves the result to the others.
enableCompileCache();
