import { spawn } from 'node:child_process';
import { CadanganError } from '../../platform/index.ts';
import { launchdLabel, type ServicePlace } from './place.ts';

/** A program of the system that is run as it stands, without a shell. */
export interface SystemCommand {
  readonly argv: readonly [string, ...string[]];
  readonly input?: string | undefined;
  /** It may fail: there was nothing to undo. */
  readonly mayFail?: boolean;
}

/** Runs one, and gives what it printed. @throws `service.manager` */
export type CommandRunner = (command: SystemCommand) => Promise<string>;

const outputMax = 1 << 20;

export const runSystemCommand: CommandRunner = ({ argv: [program, ...args], input = '', mayFail = false }) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    let [output, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-outputMax)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-2000)));
    child.stdin.on('error', () => undefined).end(input);
    const fail = (reason: string): void =>
      mayFail ? resolve(output) : reject(new CadanganError('service.manager', { program: [program, ...args].join(' '), reason }));
    child.once('error', (error) => fail(error.message));
    child.once('close', (code) => (code === 0 ? resolve(output) : fail(errors.trim() || `exit code ${String(code)}`)));
  });

/** Makes the account that the service runs as; nobody can log in to it. */
export function accountCommand({ account, stateFolder }: ServicePlace): SystemCommand {
  const options = ['--system', '--user-group', '--no-create-home', '--home-dir', stateFolder, '--shell', '/usr/sbin/nologin'];
  return { argv: ['useradd', ...options, account] };
}

/** After the files have been written: the manager takes them up, and starts the service, or starts it anew. */
export function startCommands(place: ServicePlace): readonly SystemCommand[] {
  const { manager, unitFile = '' } = place;
  switch (manager) {
    case 'systemd':
      return [systemctl(place, 'daemon-reload'), systemctl(place, 'enable', unitName), systemctl(place, 'restart', unitName)];
    case 'launchd':
      return [
        { argv: ['launchctl', 'bootout', `${domainOf(place)}/${launchdLabel}`], mayFail: true },
        { argv: ['launchctl', 'bootstrap', domainOf(place), unitFile] },
      ];
    case 'task-scheduler':
      return [{ argv: ['schtasks', '/Create', '/F', '/TN', taskName, '/XML', unitFile] }, { argv: ['schtasks', '/Run', '/TN', taskName] }];
    case 'cron':
      return []; // it looks at its files every minute
  }
}

/** Before the files are removed. */
export function stopCommands(place: ServicePlace): readonly SystemCommand[] {
  switch (place.manager) {
    case 'systemd':
      return [{ ...systemctl(place, 'disable', '--now', unitName), mayFail: true }];
    case 'launchd':
      return [{ argv: ['launchctl', 'bootout', `${domainOf(place)}/${launchdLabel}`], mayFail: true }];
    case 'task-scheduler':
      return [
        { argv: ['schtasks', '/End', '/TN', taskName], mayFail: true },
        { argv: ['schtasks', '/Delete', '/F', '/TN', taskName], mayFail: true },
      ];
    case 'cron':
      return [];
  }
}

/** After the files have been removed. */
export function forgetCommands(place: ServicePlace): readonly SystemCommand[] {
  return place.manager === 'systemd' ? [{ ...systemctl(place, 'daemon-reload'), mayFail: true }] : [];
}

const unitName = 'cadangan.service';
const taskName = '\\Cadangan';

function systemctl({ scope }: ServicePlace, ...args: readonly string[]): SystemCommand {
  return { argv: ['systemctl', ...(scope === 'user' ? ['--user'] : []), ...args] };
}

function domainOf({ scope }: ServicePlace): string {
  return scope === 'system' ? 'system' : `gui/${process.getuid?.() ?? 0}`;
}
