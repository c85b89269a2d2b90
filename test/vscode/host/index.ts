// Runs inside the extension host: `extensionTestsPath` names the bundle of this module.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Runnable } from 'mocha';
import * as vscode from 'vscode';
import { resultsVariable, type HostResults, type TestResult } from './results.ts';

/** Above what a slow machine needs to start an engine and back up a few files. */
const testTimeoutMs = 5 * 60_000;

/** Called by VS Code. Settles when every suite has run; what became of them is in the results file. */
export async function run(): Promise<void> {
  process.setSourceMapsEnabled(true);
  const resultsFile = process.env[resultsVariable];
  if (resultsFile === undefined) throw new Error(`${resultsVariable} is not set`);
  // Not a static import: in a CommonJS bundle that would look for the class in the wrong place of an ES module.
  const { default: Mocha } = await import('mocha');
  // Its report goes to the console, so that the log of a run that hung shows where.
  const mocha = new Mocha({ ui: 'tdd', timeout: testTimeoutMs, color: false });
  const suitesFolder = join(__dirname, '..', 'suites');
  for (const file of readdirSync(suitesFolder)
    .filter((name) => name.endsWith('.suite.js'))
    .sort())
    mocha.addFile(join(suitesFolder, file));
  const tests = await runAll(mocha);
  const results: HostResults = { vscodeVersion: vscode.version, nodeVersion: process.version, tests };
  writeFileSync(resultsFile, JSON.stringify(results));
}

async function runAll(mocha: Mocha): Promise<TestResult[]> {
  const tests: TestResult[] = [];
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => resolve());
    const add = (test: Runnable, state: TestResult['state'], error?: string): void => {
      tests.push({ title: test.titlePath(), state, durationMs: test.duration ?? 0, ...(error === undefined ? {} : { error }) });
    };
    runner.on('pass', (test) => add(test, 'passed'));
    runner.on('pending', (test) => add(test, 'skipped'));
    // A hook that fails comes here too, under its own title.
    runner.on('fail', (test, error: unknown) =>
      add(test, 'failed', error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
  });
  return tests;
}
