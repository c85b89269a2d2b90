/** What a person runs in a terminal to make, or look at, a service of the operating system. */
export interface ServiceCommands {
  /** Of the machine: an administrator's, who is asked for a password by `sudo`. */
  readonly system: string;
  /** Of this user. */
  readonly user: string;
  /** Every file that the first would write. Writes nothing. */
  readonly dryRun: string;
  readonly status: string;
}

export interface ServiceCommandFacts {
  /** Which the service is given a copy of; that of a desktop's editor cannot be copied, and one of the machine is taken. */
  readonly node: string;
  /** `dist/cli.js` of the extension. */
  readonly program: string;
  /** Of this user: what the service of the machine takes over. */
  readonly stateFolder: string;
  readonly configFile: string;
  readonly platform: NodeJS.Platform;
  readonly isElevated: boolean;
}

/** On Windows for PowerShell, which terminals of the editor are; of the machine it is for one that was started as administrator. */
export function serviceCommands({ node, program, stateFolder, configFile, platform, isElevated }: ServiceCommandFacts): ServiceCommands {
  const isWindows = platform === 'win32';
  const quoted = (word: string): string => `'${isWindows ? word.replaceAll("'", "''") : word.replaceAll("'", `'\\''`)}'`;
  const words = (...parts: readonly string[]): string =>
    parts.map((part) => (/^[\w@+=:,./-]+$/.test(part) ? part : quoted(part))).join(' ');
  const command = (...parts: readonly string[]): string => `${isWindows ? '& ' : ''}${words(node, program, 'service', ...parts)}`;
  const takeOver = ['--from-state', stateFolder, '--from-config', configFile];
  const asRoot = isWindows || isElevated ? '' : 'sudo ';
  return {
    system: `${asRoot}${command('install', ...takeOver)}`,
    user: command('install', '--user'),
    dryRun: command('install', '--dry-run', ...takeOver),
    status: command('status'),
  };
}
