import type { BackupSet, Configuration } from './schema.ts';

/**
 * The configuration as it may be shown, recorded and handed on. Passwords never stand in the file, but the arguments of a command may be
 * one, in any disguise: of every command only the program stays, and what `markOf` makes of its arguments, so that a change of them shows.
 * @param markOf must not give the arguments away, not even to somebody who tries likely ones
 */
export function withoutSecrets(configuration: Configuration, markOf: (words: readonly string[]) => string = () => '***'): Configuration {
  const plain = (command: readonly string[]): string[] => [...command.slice(0, 1), ...(command.length > 1 ? [markOf(command)] : [])];
  const setWithout = (set: BackupSet): BackupSet => {
    const { repository, before, after } = set;
    const { passwordCommand } = repository;
    return {
      ...set,
      repository: { ...repository, ...(passwordCommand && { passwordCommand: plain(passwordCommand) }) },
      ...(before && { before: plain(before) }),
      ...(after && { after: plain(after) }),
    };
  };
  return { ...configuration, sets: configuration.sets.map(setWithout) };
}
