import type { Command } from 'commander';
import {
  CadanganError,
  l10n,
  rawTextOf,
  readFile,
  systemCode,
  systemPath,
  withoutByteOrderMark,
  type Environment,
  type LanguageSetting,
} from '../platform/index.ts';
import type { CompressionMode } from '../repository/index.ts';
import { OptionValues, plainText } from './option-values.ts';

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly repo: string | undefined;
  readonly repositoryFile: string | undefined;
  readonly passwordFile: string | undefined;
  readonly passwordCommand: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  /** How often `--verbose` was given. */
  readonly verbosity: number;
  readonly noLock: boolean;
  readonly retryLockForMs: number;
  readonly extraVerify: boolean;
  readonly compression: CompressionMode;
  readonly language: LanguageSetting | undefined;
}

/** [flags, description]; restic's names. */
function declarations(): readonly (readonly [flags: string, description: string])[] {
  return [
    ['-r, --repo <repository>', l10n.t('repository to work on (default: $RESTIC_REPOSITORY)')],
    ['--repository-file <file>', l10n.t('file to read the location of the repository from (default: $RESTIC_REPOSITORY_FILE)')],
    ['-p, --password-file <file>', l10n.t('file to read the password from (default: $RESTIC_PASSWORD_FILE)')],
    ['--password-command <command>', l10n.t('command that prints the password (default: $RESTIC_PASSWORD_COMMAND)')],
    ['--json', l10n.t('write the result as JSON')],
    ['-q, --quiet', l10n.t('write only errors and what was asked for')],
    ['--no-lock', l10n.t('do not lock the repository, to read one that cannot be written to')],
    ['--retry-lock <duration>', l10n.t('wait this long for a lock of another program, e.g. 5m (default: no waiting)')],
    ['--no-extra-verify', l10n.t('do not read back what was encrypted before it is stored')],
    ['--compression <mode>', l10n.t('auto, max or off (default: auto)')],
    ['--lang <language>', l10n.t('auto, en or id (default: $CADANGAN_LANG, else as the system)')],
  ];
}

export function addGlobalOptions(command: Command): void {
  const groupTitle = l10n.t('Global options:');
  for (const [flags, description] of declarations()) command.addOption(command.createOption(flags, description).helpGroup(groupTitle));
  const verbose = command.createOption('-v, --verbose', l10n.t('say more; twice: name every file')).helpGroup(groupTitle);
  command.addOption(verbose.argParser((_value, count) => (typeof count === 'number' ? count : 0) + 1));
}

/** What was given to the command wins over what was given before it, and both over the environment. @throws `arguments.invalid` */
export function readGlobalOptions(program: Command, command: Command, environment: Environment): GlobalOptions {
  const given = (from: Command): [string, unknown][] =>
    Object.entries(from.opts()).filter(([name]) => from.getOptionValueSource(name) === 'cli');
  const values = new OptionValues(Object.fromEntries([...given(program), ...given(command)]));
  const repo = values.text('repo');
  const passwordFile = values.raw('passwordFile');
  const passwordCommand = values.text('passwordCommand');
  const isPasswordGiven = passwordFile !== undefined || passwordCommand !== undefined;
  return {
    repo: repo ?? (values.raw('repositoryFile') === undefined ? variableIn(environment, 'RESTIC_REPOSITORY') : undefined),
    repositoryFile: values.raw('repositoryFile') ?? (repo === undefined ? variableIn(environment, 'RESTIC_REPOSITORY_FILE') : undefined),
    passwordFile: isPasswordGiven ? passwordFile : variableIn(environment, 'RESTIC_PASSWORD_FILE'),
    passwordCommand: isPasswordGiven ? passwordCommand : variableIn(environment, 'RESTIC_PASSWORD_COMMAND'),
    json: values.flag('json'),
    quiet: values.flag('quiet'),
    verbosity: values.counter('verbose'),
    noLock: values.isNegated('lock'),
    retryLockForMs: values.durationMs('retryLock') ?? 0,
    extraVerify: !values.isNegated('extraVerify'),
    compression: values.choice('compression', ['auto', 'max', 'off']) ?? 'auto',
    language: values.choice('lang', ['auto', 'en', 'id']),
  };
}

/** @throws `arguments.invalid` when none or two are named, or the file cannot be read */
export async function locationOf(options: GlobalOptions): Promise<string> {
  const { repo, repositoryFile } = options;
  if (repo !== undefined && repositoryFile !== undefined)
    throw new CadanganError('arguments.invalid', { option: '--repository-file', reason: 'it cannot be combined with --repo' });
  if (repo !== undefined) return repo;
  if (repositoryFile !== undefined)
    return plainText(rawTextOf(withoutByteOrderMark(await readListFile(repositoryFile))).trim(), '--repository-file');
  throw new CadanganError('arguments.invalid', {
    option: '--repo',
    reason: 'no repository is named: use -r, --repository-file or RESTIC_REPOSITORY',
  });
}

/** The bytes of a file that an option names. @throws `arguments.invalid` with the file and why it cannot be read */
export async function readListFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(systemPath(file));
  } catch (cause) {
    throw new CadanganError('arguments.invalid', { file, reason: systemCode(cause) ?? 'unreadable' }, { cause });
  }
}

/** An empty variable is one that is not set. Node has lost the bytes of one that is no text. @throws `arguments.invalid` */
export function variableIn(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  if (value?.includes('\ufffd')) throw new CadanganError('arguments.invalid', { argument: name, reason: 'it is not UTF-8 text' });
  return value === '' ? undefined : value;
}
