/** A process that uses rclone, to be killed: says that it is there when rclone runs, and stays. */
import { systemClock } from '../../src/platform/index.ts';
import { openRclone } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

const [program = '', path = ''] = process.argv.slice(2);
const storage = openRclone({ remote: 'somewhere', path }, { program, environment: process.env, clock: systemClock });
await storage.create(neverAborted);
process.send?.('there');
