// Imported before a test file that only computes: a window of VS Code beside it gets the processor first, as its user would expect.
import { constants, setPriority } from 'node:os';

setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
