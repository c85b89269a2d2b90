import { CadanganError } from '../platform/index.ts';
import { describeProblem, type LoadedConfiguration, type Problem } from '../settings/index.ts';

/** What is wrong with the configuration, as what stops the command. @param problem default: the first error of the file */
export function configurationError({ path, problems }: LoadedConfiguration, problem?: Problem): CadanganError {
  const told = problem ?? problems.find(({ severity }) => severity === 'error');
  return new CadanganError('config.invalid', {
    path,
    line: told?.line,
    column: told?.column,
    reason: told && describeProblem(told).replace(/\.$/, ''),
  });
}

/**
 * A key that nobody knows has no effect, and may have been meant to leave something out (`exludes`). The schedule goes on with what it
 * understands, since a night without a backup is worse; a person at the command line is there to mend it.
 * @param place how the paths of its problems begin: `sets[2]`
 * @throws `config.invalid`
 */
export function refuseUnknownKeys(loaded: LoadedConfiguration, place: string): void {
  const slip = loaded.problems.find(({ code, path: at }) => code === 'unknown-key' && (at.startsWith(`${place}.`) || !/^\w+\[/.test(at)));
  if (slip) throw configurationError(loaded, slip);
}
