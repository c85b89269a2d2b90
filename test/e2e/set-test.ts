import { test, type TestContext } from 'node:test';
import { needsVscode } from '../vscode/needs-vscode.ts';
import type { CodeWindow } from './code-window.ts';
import { prepareSet, type PreparedSet, type PreparedSetOptions } from './prepared-set.ts';
import { openStage, type Stage, type StageOptions, type WindowChoice } from './stage.ts';

export interface SetTestOptions extends StageOptions, PreparedSetOptions {
  readonly window?: WindowChoice;
}

/** As `windowTest`, with a set that has snapshots before the window opens. */
export function setTest(
  name: string,
  options: SetTestOptions,
  body: (window: CodeWindow, set: PreparedSet, stage: Stage, context: TestContext) => Promise<void>,
): void {
  test(name, needsVscode(options.version ?? 'newest'), async (context) => {
    await using stage = await openStage(options);
    const set = prepareSet(stage, options);
    try {
      await body(await stage.openWindow(options.window), set, stage, context);
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${await stage.evidence(name)}`, { cause: error });
    }
  });
}
