import { spawn } from 'node:child_process';
import { win32 } from 'node:path';
import { CadanganError, system, systemCode, windowsProgram } from '../../platform/index.ts';
import { launchdLabel, type ServicePlace } from './place.ts';

/** A program of the system that is run as it stands, without a shell. */
export interface SystemCommand {
  readonly argv: readonly [string, ...string[]];
  readonly input?: string | undefined;
  /** It may fail: there was nothing to undo. `once-run`: but it has to be there. */
  readonly mayFail?: boolean | 'once-run';
}

/** Runs one, and gives what it printed. @throws `service.manager` */
export type CommandRunner = (command: SystemCommand) => Promise<string>;

const outputMax = 1 << 20;
/** For what a program said, after its end: whom it has started may hold its output for ever. */
const outputWaitMs = 2_000;
const notInstalled = 'that program is not installed on this machine';

export const runSystemCommand: CommandRunner = ({ argv: [program, ...args], input = '', mayFail = false }) =>
  new Promise((resolve, reject) => {
    const child = spawn(wholePathOf(program), args, { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    let [output, errors] = ['', ''];
    const fail = (reason: string, isRun = true): void =>
      mayFail === true || (mayFail === 'once-run' && isRun)
        ? resolve(output)
        : reject(new CadanganError('service.manager', { program: [program, ...args].join(' '), reason }));
    child.once('error', (error) => fail(systemCode(error) === 'ENOENT' ? notInstalled : error.message, false));
    // Where no descriptor is left there is nothing of it but the error that comes.
    if ((child as Partial<typeof child>).stdout === undefined) return;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-outputMax)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-2000)));
    child.stdin.on('error', () => undefined).end(input);
    const end = (code: number | null): void => (code === 0 ? resolve(output) : fail(errors.trim() || `exit code ${String(code)}`));
    child.once('close', end);
    child.once('exit', (code) => {
      const waited = setTimeout(() => {
        for (const stream of [child.stdout, child.stderr]) stream.destroy(); // then it closes
        end(code);
      }, outputWaitMs);
      child.once('close', () => clearTimeout(waited));
    });
  });

/** Makes the account that the service runs as; nobody can log in to it. */
export function accountCommand({ account, stateFolder }: ServicePlace): SystemCommand {
  const options = ['--system', '--user-group', '--no-create-home', '--home-dir', stateFolder, '--shell', '/usr/sbin/nologin'];
  return { argv: ['useradd', ...options, account] };
}

/** "Well-known SIDs": their names are other ones in each language of Windows. */
const administrators = '*S-1-5-32-544';
const systemAccount = '*S-1-5-18';

/**
 * Everybody may make folders in `%ProgramData%`, and owns what he makes there: so the folder of a service is taken over, with what is in
 * it, and closed to all but administrators and the system, before anything is written. Elsewhere modes do it.
 */
export function closeFolderCommands({ scope, manager, configFile }: ServicePlace): readonly SystemCommand[] {
  if (scope !== 'system' || manager !== 'task-scheduler') return [];
  const folder = win32.dirname(configFile);
  return [
    { argv: ['icacls', folder, '/setowner', administrators, '/T', '/L', '/Q'] },
    { argv: ['icacls', folder, '/reset', '/L', '/Q'] }, // what whoever was there before has allowed
    { argv: ['icacls', folder, '/inheritance:r', '/grant:r', ...fullFor(administrators, systemAccount), '/Q'] },
    // Only now: a state that is closed already is open at no moment. There may be nothing.
    { argv: ['icacls', win32.join(folder, '*'), '/reset', '/T', '/L', '/Q'], mayFail: true },
  ];
}

/** After the state has come into its folder: it is for its account, too. */
export function closeStateCommands({ scope, manager, stateFolder, account }: ServicePlace): readonly SystemCommand[] {
  if (scope !== 'system' || manager !== 'task-scheduler') return [];
  const whose = account.toUpperCase() === 'SYSTEM' ? [] : [account];
  return [{ argv: ['icacls', stateFolder, '/inheritance:r', '/grant:r', ...fullFor(administrators, systemAccount, ...whose), '/Q'] }];
}

/** Those of Windows run with the rights of an administrator. */
function wholePathOf(program: string): string {
  return system.isWindows ? windowsProgram(`${program}.exe`) : program;
}

/** Of the folder, and inherited by what is made in it. */
function fullFor(...names: readonly string[]): readonly string[] {
  return names.map((name) => `${name}:(OI)(CI)F`);
}

/** After the files have been written: the manager takes them up, and all but the Task Scheduler start the service, or start it anew. */
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
      return [{ argv: ['schtasks', '/Create', '/F', '/TN', taskName, '/XML', unitFile] }];
    case 'cron':
      return []; // it looks at its files every minute
  }
}

/** Once the service from before has ended: the Task Scheduler leaves one alone that runs, and starts none beside it. */
export function runCommands({ manager }: ServicePlace): readonly SystemCommand[] {
  return manager === 'task-scheduler' ? [{ argv: ['schtasks', '/Run', '/TN', taskName] }] : [];
}

/** Of a manager that may be missing: nothing is written for one that nobody has. crontab(1) comes with every cron. */
export function managerCheck({ manager }: ServicePlace): readonly SystemCommand[] {
  return manager === 'cron' ? [{ argv: ['crontab', '-l'], mayFail: 'once-run' }] : [];
}

/** Before the files are removed. `schtasks /End` would kill a backup in its midst: the service is asked to end (`endService`). */
export function stopCommands(place: ServicePlace): readonly SystemCommand[] {
  switch (place.manager) {
    case 'systemd':
      return [{ ...systemctl(place, 'disable', '--now', unitName), mayFail: true }];
    case 'launchd':
      return [{ argv: ['launchctl', 'bootout', `${domainOf(place)}/${launchdLabel}`], mayFail: true }];
    case 'task-scheduler':
      return [{ argv: ['schtasks', '/Delete', '/F', '/TN', taskName], mayFail: true }];
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
