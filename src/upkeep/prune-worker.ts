import { pruneServer } from './prune-work.ts';
import { serveSlots } from './slot-worker.ts';

serveSlots(pruneServer);
