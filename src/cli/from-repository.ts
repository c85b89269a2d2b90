import type { Command } from 'commander';
import type { PasswordAccess } from '../jobs/index.ts';
import { CadanganError, l10n } from '../platform/index.ts';
import { accessOf, type CommandContext } from './command.ts';
import { variableIn } from './global-options.ts';
import type { OptionValues } from './option-values.ts';

/** restic's options for a second repository, which is read. */
export function addFromRepository(command: Command): void {
  command
    .option('--from-repo <repository>', l10n.t('repository to copy from (default: $RESTIC_FROM_REPOSITORY)'))
    .option('--from-repository-file <file>', l10n.t('file to read its location from (default: $RESTIC_FROM_REPOSITORY_FILE)'))
    .option('--from-password-file <file>', l10n.t('file to read its password from (default: $RESTIC_FROM_PASSWORD_FILE)'))
    .option('--from-password-command <command>', l10n.t('command that prints its password (default: $RESTIC_FROM_PASSWORD_COMMAND)'));
}

/** What was given wins over the environment. @throws `arguments.invalid` */
export async function fromAccess(context: CommandContext, options: OptionValues): Promise<PasswordAccess> {
  const { environment, globals } = context;
  const [repo, file] = [options.text('fromRepo'), options.raw('fromRepositoryFile')];
  const [passwordFile, passwordCommand] = [options.raw('fromPasswordFile'), options.text('fromPasswordCommand')];
  const isPlaceGiven = repo !== undefined || file !== undefined;
  const isPasswordGiven = passwordFile !== undefined || passwordCommand !== undefined;
  const from = {
    repo: isPlaceGiven ? repo : variableIn(environment, 'RESTIC_FROM_REPOSITORY'),
    repositoryFile: isPlaceGiven ? file : variableIn(environment, 'RESTIC_FROM_REPOSITORY_FILE'),
    passwordFile: isPasswordGiven ? passwordFile : variableIn(environment, 'RESTIC_FROM_PASSWORD_FILE'),
    passwordCommand: isPasswordGiven ? passwordCommand : variableIn(environment, 'RESTIC_FROM_PASSWORD_COMMAND'),
  };
  if (from.repo === undefined && from.repositoryFile === undefined)
    throw new CadanganError('arguments.invalid', {
      option: '--from-repo',
      reason: 'no repository to copy from is named: use --from-repo, --from-repository-file or RESTIC_FROM_REPOSITORY',
    });
  const question = l10n.t('enter password for source repository');
  return accessOf({ ...context, globals: { ...globals, ...from } }, { variable: 'RESTIC_FROM_PASSWORD', question });
}
