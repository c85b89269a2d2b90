import { describeProblem, type LoadedConfiguration, type Problem } from '../settings/index.ts';
import type { ConfigurationInfo, ConfigurationProblem } from './protocol.ts';

/**
 * @param problems with what was looked at beside the text
 * @param timeZone the one that is in force: a file with a slip in it may say none
 */
export function configurationInfoOf(
  { path, text }: LoadedConfiguration,
  problems: readonly Problem[],
  timeZone: string | undefined,
): ConfigurationInfo {
  return { file: path, exists: text !== undefined, problems: problems.map(problemOf), ...(timeZone !== undefined && { timeZone }) };
}

/** The settings room counts from 1, as people do. */
function problemOf(problem: Problem): ConfigurationProblem {
  const { severity, line, column, length } = problem;
  return { severity, message: describeProblem(problem), line: line - 1, column: column - 1, lengthChars: length };
}
