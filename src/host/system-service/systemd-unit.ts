import { CadanganError } from '../../platform/index.ts';
import { missingCredential } from '../../service/index.ts';
import type { ServiceDescription } from './description.ts';
import type { ServiceRights } from './rights.ts';

/*
 * systemd.unit(5), systemd.exec(5). Judges: `systemd-analyze verify` and `systemd-analyze security --offline=true`.
 */

const stateOfSystem = '/var/lib/';
const runtimeOfSystem = '/run/';
/** A host that is asked to end stops at the next safe point; it gives itself 120 s. */
export const stopSeconds = 150;
export const restartSeconds = 10;
/** As the host of a window has it (`start-host.ts`): a call on a dead mount holds a thread for ever. */
export const threadPool = 'UV_THREADPOOL_SIZE=16';

/** The unit of the service of the machine. */
export function systemUnit(description: ServiceDescription): string {
  const { command, account, rights } = description;
  return unitText({
    Unit: [
      ['Description', 'Cadangan, backup and off-site copies'],
      ['Wants', 'network-online.target'],
      ['After', 'network-online.target'],
      ['StartLimitIntervalSec', '0'],
    ],
    Service: [
      ['Type', 'exec'],
      ['ExecStart', command.map(execWord).join(' ')],
      ['User', account],
      ...lifeLines,
      ...foldersOf(description),
      ...rights.writable.map((path): Line => ['ReadWritePaths', `-${pathWord(path)}`]),
      ...rights.credentials.flatMap(({ name, path }): Line[] => [
        ['LoadCredential', `${name}:${specifiers(path)}`],
        // What counts where the file is missing: one password less must not end the whole service.
        ['SetCredential', `${name}:${missingCredential}`],
      ]),
      ...leastRights,
    ],
    Install: [['WantedBy', 'multi-user.target']],
  });
}

/** The unit of a user's own manager, which can take no rights away from what runs under it. */
export function userUnit({ command }: ServiceDescription): string {
  return unitText({
    Unit: [
      ['Description', 'Cadangan, backup and off-site copies'],
      ['StartLimitIntervalSec', '0'],
    ],
    Service: [['Type', 'exec'], ['ExecStart', command.map(execWord).join(' ')], ...lifeLines],
    Install: [['WantedBy', 'default.target']],
  });
}

/** What an installed unit allows; it may have been written by an older version, or changed by somebody. */
export function rightsOfUnit(text: string): ServiceRights {
  const valuesOf = (key: string): readonly string[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${key}=`))
      .map((line) => line.slice(key.length + 1).replaceAll('%%', '%'));
  return {
    writable: valuesOf('ReadWritePaths').map((value) => value.replace(/^-?(["']?)(.*)\1$/, '$2')),
    credentials: valuesOf('LoadCredential').map((value) => {
      const [name = '', ...path] = value.split(':');
      return { name, path: path.join(':') };
    }),
  };
}

type Line = readonly [key: string, value: string];

const lifeLines: readonly Line[] = [
  ['Restart', 'always'],
  ['RestartSec', String(restartSeconds)],
  ['TimeoutStopSec', String(stopSeconds)],
  // The programs of a set are ended with it, if it does not end them itself.
  ['KillMode', 'mixed'],
  ['Environment', threadPool],
  ['Nice', '10'],
  ['IOSchedulingClass', 'best-effort'],
  ['IOSchedulingPriority', '7'],
  ['UMask', '0077'],
  // Passwords and keys lie in its memory.
  ['LimitCORE', '0'],
];

/** It reads everything and writes what is named. `MemoryDenyWriteExecute` is not among it: JavaScript is compiled as it runs. */
const leastRights: readonly Line[] = [
  ['CapabilityBoundingSet', 'CAP_DAC_READ_SEARCH'],
  ['AmbientCapabilities', 'CAP_DAC_READ_SEARCH'],
  ['NoNewPrivileges', 'yes'],
  ['ProtectSystem', 'strict'],
  ['ProtectHome', 'read-only'],
  ['PrivateTmp', 'yes'],
  ['PrivateDevices', 'yes'],
  ['ProtectClock', 'yes'],
  ['ProtectHostname', 'yes'],
  ['ProtectControlGroups', 'yes'],
  ['ProtectKernelLogs', 'yes'],
  ['ProtectKernelModules', 'yes'],
  ['ProtectKernelTunables', 'yes'],
  ['LockPersonality', 'yes'],
  ['RestrictNamespaces', 'yes'],
  ['RestrictRealtime', 'yes'],
  ['RestrictSUIDSGID', 'yes'],
  ['RestrictAddressFamilies', 'AF_UNIX AF_INET AF_INET6 AF_NETLINK'],
  ['SystemCallArchitectures', 'native'],
  ['SystemCallFilter', '@system-service'],
  ['SystemCallErrorNumber', 'EPERM'],
  ['KeyringMode', 'private'],
  ['RemoveIPC', 'yes'],
];

/** systemd makes the usual folders itself, for the account; others have to be there. */
function foldersOf({ stateFolder, runtimeFolder }: ServiceDescription): Line[] {
  const lines: Line[] = [];
  const state = below(stateOfSystem, stateFolder);
  if (state === undefined) lines.push(['ReadWritePaths', pathWord(stateFolder)]);
  else lines.push(['StateDirectory', state], ['StateDirectoryMode', '0700']);
  if (runtimeFolder === undefined) return lines;
  const runtime = below(runtimeOfSystem, runtimeFolder);
  if (runtime === undefined) lines.push(['ReadWritePaths', pathWord(runtimeFolder)]);
  else lines.push(['RuntimeDirectory', runtime], ['RuntimeDirectoryMode', '0750']);
  return lines;
}

/** Its name below a folder of the system, if it is one that needs no quotes. */
function below(folder: string, path: string): string | undefined {
  const name = path.slice(folder.length);
  return path.startsWith(folder) && /^[\w-]+$/.test(name) ? name : undefined;
}

function unitText(sections: Readonly<Record<string, readonly Line[]>>): string {
  const parts = Object.entries(sections).map(([name, lines]) =>
    [`[${name}]`, ...lines.map(([key, value]) => `${key}=${value}`)].join('\n'),
  );
  return `# Written by "cadangan service install", and anew by the next one.\n${parts.join('\n\n')}\n`;
}

/** systemd.service(5), "Command lines": double quotes, C's escapes, `%` for specifiers, `$` for variables. */
function execWord(word: string): string {
  const escaped = specifiers(oneLine(word)).replaceAll('$', '$$$$').replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return /^[\w@%+=:,./-]+$/.test(word) ? escaped : `"${escaped}"`;
}

/** Lists of paths have quotes of both kinds and no escapes. @throws `arguments.invalid` for a path with both in it */
function pathWord(path: string): string {
  const text = specifiers(oneLine(path));
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (!text.includes('"')) return `"${text}"`;
  if (!text.includes("'")) return `'${text}'`;
  throw new CadanganError('arguments.invalid', { path, reason: 'a unit of systemd cannot name a path with quotes of both kinds' });
}

function specifiers(text: string): string {
  return oneLine(text).replaceAll('%', '%%');
}

function oneLine(text: string): string {
  if (/[\n\r\0]/.test(text)) throw new CadanganError('arguments.invalid', { path: text, reason: 'a line break cannot stand in it' });
  return text;
}
