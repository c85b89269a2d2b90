import assert from 'node:assert/strict';
import { isCode } from '../../../src/platform/index.ts';

/** `run` throws `repository.damaged` and its reason matches. */
export function expectDamaged(run: () => unknown, reason: RegExp = /./): void {
  assert.throws(run, (error) => isCode(error, 'repository.damaged') && reason.test(String(error.facts['reason'])));
}
