/** What happened to one test of a suite, as it comes out of the extension host. */
export interface TestResult {
  /** Titles of the suites around it, then its own. */
  readonly title: readonly string[];
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly durationMs: number;
  /** Message and stack, of one that failed. */
  readonly error?: string;
}

/** The file that the suites leave; one is written only when all of them came to an end. */
export interface HostResults {
  readonly vscodeVersion: string;
  readonly nodeVersion: string;
  readonly tests: readonly TestResult[];
}

/** Environment variable with the path of that file. */
export const resultsVariable = 'CADANGAN_TEST_RESULTS';
