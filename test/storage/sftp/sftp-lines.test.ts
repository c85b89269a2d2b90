import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SftpFault } from '../../../src/storage/sftp/sftp-fault.ts';
import { SftpLines, transferBytesMin, type Line } from '../../../src/storage/sftp/sftp-lines.ts';
import { neverAborted } from '../../fakes/never-aborted.ts';
import { VirtualClock } from '../../fakes/virtual-clock.ts';

/** A connection to nothing. */
function lineOfTest(): Line {
  const over = new AbortController();
  return { over: over.signal, end: () => over.abort() };
}

/** Three files at once, which are one too many for a connection. @returns on how many they were moved */
async function moveThree(lines: SftpLines<Line>): Promise<number> {
  const used = new Set<Line>();
  const areMoved = Promise.withResolvers<void>();
  let begun = 0;
  const move = (): Promise<void> =>
    lines.use(transferBytesMin, neverAborted, (line) => {
      used.add(line);
      if (++begun === 3) areMoved.resolve();
      return areMoved.promise;
    });
  await Promise.all([move(), move(), move()]);
  await new Promise(setImmediate); // another connection that was asked for is there by now, or refused
  return used.size;
}

test('a further connection that was refused is asked for again, but not before ten minutes are over', async () => {
  const clock = new VirtualClock();
  let asked = 0;
  let isRefused = true;
  const open = async (): Promise<Line> => {
    if (++asked > 1 && isRefused) throw new SftpFault('lost', 'ECONNRESET');
    return lineOfTest();
  };
  const lines = new SftpLines(open, 4, clock);
  for (let round = 0; round < 3; round++) assert.equal(await moveThree(lines), 1);
  assert.equal(asked, 2);
  await clock.advance(10 * 60_000 - 1);
  await moveThree(lines);
  assert.equal(asked, 2);
  await clock.advance(1);
  isRefused = false;
  await moveThree(lines);
  assert.equal(asked, 3);
  assert.equal(await moveThree(lines), 2);
  await lines.close();
});

test('a connection that comes when all was closed is ended, though nobody told whoever makes it in time', async () => {
  const { promise, resolve } = Promise.withResolvers<Line>();
  const lines = new SftpLines(() => promise, 4, new VirtualClock());
  const using = lines.use(0, neverAborted, async () => undefined);
  const closed = lines.close();
  const line = lineOfTest();
  resolve(line);
  await assert.rejects(using, { reason: 'closed' });
  await closed;
  assert.ok(line.over.aborted);
});
