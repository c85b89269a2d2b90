import { packServer } from './pack-verifier.ts';
import { serveSlots } from './slot-worker.ts';

serveSlots(packServer);
