import { test } from 'node:test';
import { needsVscode } from '../vscode/needs-vscode.ts';
import type { CodeWindow } from './code-window.ts';
import { prepareSet, type PreparedSet } from './prepared-set.ts';
import { openStage, type Stage, type StageOptions } from './stage.ts';

export interface SetTestOptions extends StageOptions {
  /** False: the password is not on the server, and has to be asked for. */
  readonly hasPasswordFile?: boolean;
}

/** As `windowTest`, with a set that has snapshots before the window opens. */
export function setTest(name: string, options: SetTestOptions, body: (window: CodeWindow, set: PreparedSet, stage: Stage) => Promise<void>): void {
  test(name, needsVscode(options.version ?? 'newest'), async () => {
    await using stage = await openStage(options);
    const set = prepareSet(stage, options);
    try {
      await body(await stage.openWindow(), set, stage);
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${await stage.evidence(name)}`, { cause: error });
    }
  });
}
