import type { Password } from '../platform/index.ts';
import { unattendedPassword } from '../service/index.ts';
import type { Configuration, OffsiteCopy } from '../settings/index.ts';
import type { CommandContext } from './command.ts';
import { readPassword } from './password-source.ts';
import { isPasswordGiven, passwordSourceOf } from './set-backup.ts';

/** As the rule has it, else as its set has it, else as for every command. */
export async function copyPassword(
  context: CommandContext,
  { sets }: Configuration,
  { readableCopies, repository }: OffsiteCopy,
  signal: AbortSignal,
): Promise<Password> {
  const set =
    sets.find(({ name }) => name === readableCopies?.set) ?? sets.find((candidate) => candidate.repository.location === repository);
  const ways = [readableCopies, set?.repository].filter((way) => way !== undefined);
  const source = passwordSourceOf(context);
  for (const way of isPasswordGiven(source, context) ? [] : ways) {
    const password = await unattendedPassword(
      { location: repository, passwordFile: way.passwordFile, passwordCommand: way.passwordCommand },
      context.environment,
      signal,
    );
    if (password !== undefined) return password;
  }
  return readPassword(source, context.passwords, signal);
}
