import { describeProblem, type LoadedConfiguration, type Problem } from '../settings/index.ts';
import type { ConfigurationInfo, ConfigurationProblem } from './protocol.ts';

export function configurationInfoOf({ path, text, problems }: LoadedConfiguration): ConfigurationInfo {
  return { file: path, exists: text !== undefined, problems: problems.map(problemOf) };
}

/** The settings room counts from 1, as people do. */
function problemOf(problem: Problem): ConfigurationProblem {
  const { severity, line, column, length } = problem;
  return { severity, message: describeProblem(problem), line: line - 1, column: column - 1, lengthChars: length };
}
