// Appends records until it has written so many, or somebody ends it. Each number goes to standard output once its record is confirmed.
// It begins when its standard input ends, and says with an empty line that it waits for that.
import { once } from 'node:events';
import { systemClock, systemRandom } from '../../src/platform/index.ts';
import { RecordHistory } from '../../src/records/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { someBackup } from './some-records.ts';

const [stateFolder = '', count = '', seed = ''] = process.argv.slice(2);
const random = new SeededRandom(Number(seed));
const history = new RecordHistory(stateFolder, { clock: systemClock, random: systemRandom, software: 'cadangan 0.1.0' });
process.stdout.write('\n');
await once(process.stdin.resume(), 'end');
for (let made = 0; made < Number(count); made++) {
  const { number } = await history.append(someBackup(random, { remarks: `${seed}-${made}` }));
  process.stdout.write(`${number}\n`);
}
