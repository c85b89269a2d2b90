import { relative, resolve } from 'node:path';

/** Counts what a test run tells, and keeps the names of what failed: nobody should have to search thousands of lines for them. */
export class TestTally {
  #passed = 0;
  #failures = [];
  #skips = [];

  /** @param ok of a step of the run that is no test file: type check, lint */
  noteStep(name, ok) {
    if (ok) this.#passed += 1;
    else this.#failures.push(name);
  }

  /** @param event of `run()` of node:test. @param file that was run: a test may be declared in another, which it imports */
  noteEvent({ type, data }, file = data.file) {
    if (type === 'test:pass') this.#notePass(data, file);
    // What failed only because something inside it failed was counted there.
    if (type === 'test:fail' && data.todo === undefined && data.details.error?.failureType !== 'subtestsFailed')
      this.#failures.push(placeOf(data, file));
    if (type === 'test:fail' && data.todo !== undefined) this.#skips.push(placeOf(data, file));
  }

  /**
   * The last lines of a run: the name of everything that failed, then `N passed, M failed`, with `, K skipped` when there are any.
   * @param skipsFail on a build server a test that could not run is a failure: nobody reads there why it was left out
   */
  conclusion({ skipsFail }) {
    const failures = skipsFail
      ? [...this.#failures, ...this.#skips.map((place) => `${place} (skipped, which counts as failed here)`)]
      : this.#failures;
    const skipped = skipsFail ? 0 : this.#skips.length;
    const lines = this.#passed + failures.length === 0 ? ['No test ran.'] : [];
    if (failures.length > 0) lines.push('Failed:', ...failures.map((place) => `  \u2716 ${place}`));
    lines.push(`${this.#passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
    return { lines, isGood: failures.length === 0 && this.#passed > 0 };
  }

  #notePass(data, file) {
    if (data.details.type === 'suite') return;
    // Node passes a file in which no test was declared under the file's own name.
    if (isFile(data)) this.#failures.push(`${relative('.', data.file)}: contains no test`);
    else if (data.skip !== undefined || data.todo !== undefined) this.#skips.push(placeOf(data, file));
    else this.#passed += 1;
  }
}

/** A file that ended by itself, or was ended, fails under its own name. */
function placeOf(data, file) {
  const place = file === undefined ? '' : `${relative('.', file)}: `;
  return isFile(data) ? `${place}the file did not run to its end` : `${place}${data.name}`;
}

function isFile({ nesting, file, name }) {
  return nesting === 0 && file !== undefined && resolve(name) === resolve(file);
}
