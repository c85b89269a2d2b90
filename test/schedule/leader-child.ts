/**
 * A program for the tests of leadership, to be killed: `<state folder> <kind of address> <how long a run takes, in ms>`. It takes part in
 * the leadership, and while it leads runs one set whose window is open all day. It prints what happens as JSON, one a line, and answers
 * `status`, `run` and `close` on stdin.
 */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock, systemRandom } from '../../src/platform/index.ts';
import {
  leaderAddress,
  leaderKey,
  Leadership,
  parseWindowRule,
  Scheduler,
  ScheduleState,
  type ScheduledSet,
} from '../../src/schedule/index.ts';

const [, , stateFolder = '', kind = 'abstract', runMs = '100'] = process.argv;
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const set: ScheduledSet = {
  id: 'files',
  repository: '/repo',
  timing: { kind: 'window', rule: parseWindowRule('00:00-24:00', { timeZone: 'UTC' }), atWindowEnd: 'finish' },
};

const leadership = new Leadership({
  address: await leaderAddress(
    { configFile: join(stateFolder, 'cadangan.jsonc'), stateFolder },
    kind === 'file' ? 'file' : kind === 'pipe' ? 'pipe' : 'abstract',
  ),
  credentials: { key: await leaderKey(stateFolder, systemRandom), version: '0.0.0-test', random: systemRandom },
  clock: systemClock,
  onRole: (role) => say({ role: role.kind, ...(role.kind === 'seeking' && role.trouble && { trouble: role.trouble }) }),
  onEvent: (event) => say({ event: event.kind, ...(event.kind === 'ended' && { outcome: event.outcome }) }),
  lead: async (publish) => {
    const scheduler = new Scheduler({
      clock: systemClock,
      state: await ScheduleState.open(stateFolder, systemRandom),
      runSet,
      report: publish,
    });
    scheduler.start([set]);
    return scheduler;
  },
});

/** Every run leaves two lines in a file that outlives us all. */
async function runSet(_set: string, { trigger }: { readonly trigger: string }, signal: AbortSignal): Promise<'success' | 'stopped'> {
  await appendFile(join(stateFolder, 'runs.txt'), `${process.pid} began ${trigger}\n`);
  try {
    await delay(Number(runMs), undefined, { signal });
  } catch {
    return 'stopped';
  }
  await appendFile(join(stateFolder, 'runs.txt'), `${process.pid} completed ${trigger}\n`);
  return 'success';
}

for await (const line of createInterface(process.stdin)) {
  try {
    if (line === 'status') say({ status: await leadership.status() });
    if (line === 'run') say({ run: await leadership.run('files', 'manual') });
    if (line === 'close') break;
  } catch (error) {
    say({ error: String(error) });
  }
}
await leadership.close('stop');
say({ closed: true });
