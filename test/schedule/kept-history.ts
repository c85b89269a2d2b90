import assert from 'node:assert/strict';
import { applyLine, emptyHistory, type SetHistory } from '../../src/schedule/index.ts';
import { formatHistoryLine, parseHistoryLine } from '../../src/schedule/history-line.ts';

/** What the next host knows: a history written down as a whole and read again. */
export function keptHistory(history: SetHistory): SetHistory {
  const line = parseHistoryLine(formatHistoryLine({ kind: 'summary', set: 'files', history }));
  assert.ok(line, 'a history that is written can be read');
  return applyLine(emptyHistory, line);
}
