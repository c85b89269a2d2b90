import { appendFileSync, statSync } from 'node:fs';
import { renameNow } from '../platform/index.ts';
import type { Clock } from '../platform/index.ts';

export type HostLog = (level: 'debug' | 'info' | 'warning' | 'error', message: string) => void;

const logBytesMax = 4 * 1024 * 1024;
const checkEvery = 100;

/**
 * Writes lines with their time; what has become long is put aside, in the place of the one before. A log that cannot be written is done
 * without: it must not end the host.
 */
export function openLog(file: string, clock: Clock): HostLog {
  let lines = 0;
  return (level, message) => {
    try {
      if (lines++ % checkEvery === 0) rotateLog(file);
      const time = new Date(Number(clock.nowNs() / 1_000_000n)).toISOString();
      appendFileSync(file, `${time} ${level} ${message.replaceAll('\n', '\n  ')}\n`, { mode: 0o600 });
    } catch {
      // see above
    }
  };
}

function rotateLog(file: string): void {
  const { size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
  // Who reads it may hold it: then after the next hundred lines.
  if (size > logBytesMax) renameNow(file, `${file}.1`, () => true);
}
