import { join } from 'node:path';
import { appendFile, CadanganError, makeOwnFolder, readFile, rm, systemCode, type Clock } from '../platform/index.ts';

/*
 * A host that dies soon after its start, again and again, would be started anew by every window and command for ever. So each start is
 * noted in the state folder, where all of them see it; a host that lives for a minute, or ends as it should, wipes them out. What remains
 * are the starts in a row that came to nothing.
 */

/** In a row, within this time: it is no accident. */
const startsMax = 5;
const denseMs = 5 * 60_000;
/** Doubled each time that a start after the pause comes to nothing, too. */
const firstPauseMs = 60_000;
const pauseMsMax = 60 * 60_000;

/** A line for each start, its time; this one takes back the last, whose process found another host. */
const taken = 'taken';

/**
 * To be called by whoever is about to start a host.
 * @throws `host.crash-loop`, with its log and the time to wait, while none may be started
 */
export async function noteStart(stateFolder: string, clock: Clock): Promise<void> {
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  const starts = (await readStarts(stateFolder)).filter((ms) => ms <= nowMs); // the clock was set back: they say nothing
  const waitMs = pauseEndMs(starts) - nowMs;
  if (waitMs > 0) throw new CadanganError('host.crash-loop', { path: join(stateFolder, 'host.log'), starts: starts.length, waitMs });
  await makeOwnFolder(stateFolder);
  await append(stateFolder, String(nowMs));
}

/** Another host is there: this start came to nothing for a good reason. */
export async function takeBackStart(stateFolder: string): Promise<void> {
  await append(stateFolder, taken);
}

/** A host lives, has ended as it should, or somebody wants it to be tried anew. */
export async function forgetStarts(stateFolder: string): Promise<void> {
  await rm(startsFile(stateFolder), { force: true });
}

/** When the pause is over that these starts have earned; 0: they have earned none. @param starts in ms, in their order */
export function pauseEndMs(starts: readonly number[]): number {
  let pauseMs = 0;
  let endMs = 0;
  for (const [at, startMs] of starts.entries()) {
    const goesOn = pauseMs > 0 && startMs - endMs <= denseMs;
    const isDense = startMs - (starts[at - startsMax + 1] ?? -Infinity) <= denseMs;
    pauseMs = goesOn ? Math.min(2 * pauseMs, pauseMsMax) : isDense ? firstPauseMs : 0;
    endMs = pauseMs > 0 ? startMs + pauseMs : 0;
  }
  return endMs;
}

function startsFile(stateFolder: string): string {
  return join(stateFolder, 'host.starts');
}

/** Short lines that are appended do not mix, whoever else does it. */
async function append(stateFolder: string, line: string): Promise<void> {
  await appendFile(startsFile(stateFolder), `${line}\n`, { mode: 0o600 });
}

async function readStarts(stateFolder: string): Promise<number[]> {
  const starts: number[] = [];
  for (const line of (await readText(startsFile(stateFolder))).split('\n')) {
    if (line === taken) starts.pop();
    else if (/^\d{1,15}$/.test(line)) starts.push(Number(line));
  }
  return starts;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
}
