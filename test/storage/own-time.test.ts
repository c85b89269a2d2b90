import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CadanganError } from '../../src/platform/index.ts';
import { inOwnTime } from '../../src/storage/index.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { failsWith, fileOf } from './conformance.ts';

const lock = fileOf(Buffer.from('a lock'), 'locks');

test('what is done in time gives what it gives, and nobody waits for the limit', async () => {
  const clock = new VirtualClock();
  assert.equal(await inOwnTime(new SimulatedStorage(), clock, async (signal) => signal.aborted), false);
  await assert.rejects(
    inOwnTime(new SimulatedStorage(), clock, () => Promise.reject(new CadanganError('storage.denied'))),
    failsWith('storage.denied'),
  );
  assert.equal(clock.sleeping, 0);
});

test('a storage that has ceased to answer is given up after the limit, and called unreachable', async () => {
  const clock = new VirtualClock();
  const storage = new SimulatedStorage({ location: 'simulated:away' });
  storage.faults.order({ call: 'remove', fault: 'hang' });
  const removing = inOwnTime(storage, clock, (signal) => storage.remove(lock, signal), 60_000);
  const refused = assert.rejects(removing, (error) => {
    assert.ok(error instanceof CadanganError);
    assert.deepEqual([error.code, error.facts], ['storage.unreachable', { location: 'simulated:away', reason: 'ETIMEDOUT' }]);
    return true;
  });
  await clock.advance(59_999);
  assert.equal(storage.counters.atWork, 1);
  await clock.advance(1);
  await refused;
  assert.equal(storage.counters.atWork, 0, 'the call was ended too');
});

test('nor is a call waited for that heeds no signal, as on a mount that hangs', async () => {
  const clock = new VirtualClock();
  const hanging = inOwnTime(new SimulatedStorage(), clock, () => new Promise<void>(() => {}));
  const refused = assert.rejects(hanging, failsWith('storage.unreachable'));
  await clock.advance(10 * 60_000);
  await refused;
});
