import type { CommandContext } from './command.ts';
import { jsonObject, printJsonNow } from './json.ts';
import { showProgress } from './progress-line.ts';

/** How far a work on a copy is, here or in the host. */
export interface CopyStep {
  readonly phase?: string | undefined;
  readonly elapsedMs: number;
  readonly filesDone: number;
  /** 0 or undefined: not known yet. */
  readonly filesTotal?: number | undefined;
  readonly bytesDone: number;
  readonly bytesTotal?: number | undefined;
  readonly currentPath: string;
}

/** Undefined where nobody wants to see it. */
export function copyProgressSink({ globals, terminal }: CommandContext): ((step: CopyStep) => void) | undefined {
  if (globals.quiet) return undefined;
  return ({ phase, elapsedMs, filesDone, filesTotal = 0, bytesDone, bytesTotal = 0, currentPath }) => {
    if (!globals.json)
      return showProgress(terminal, {
        elapsedMs,
        filesDone,
        filesTotal: filesTotal || undefined,
        bytesDone,
        bytesTotal: bytesTotal || undefined,
        currentPath,
      });
    return printJsonNow(
      terminal,
      jsonObject({
        message_type: 'status',
        phase,
        seconds_elapsed: Math.floor(elapsedMs / 1000),
        total_files: filesTotal,
        files_done: filesDone,
        total_bytes: bytesTotal,
        bytes_done: bytesDone,
        current_files: currentPath === '' ? undefined : [currentPath],
      }),
    );
  };
}
