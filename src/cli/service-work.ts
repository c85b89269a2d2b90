import { dirname, resolve } from 'node:path';
import process from 'node:process';
import {
  installService,
  isOfHere,
  managerOfHere,
  planInstall,
  runService,
  runSystemCommand,
  serviceManagers,
  servicePlace,
  serviceStatus,
  uninstallService,
  type CommandRunner,
  type InstallPlan,
  type InstallWish,
  type InstallWorld,
  type PlannedFile,
  type ServicePlace,
  type ServiceScope,
  type ServiceStatus,
  type SystemCommand,
  type Uncovered,
} from '../host/index.ts';
import { safeText } from '../jobs/index.ts';
import {
  assetPath,
  CadanganError,
  cadanganVersion,
  configurationFile,
  homeFolder,
  l10n,
  stateFolder,
  systemRandom,
} from '../platform/index.ts';
import type { CommandContext } from './command.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import { jsonObject, printJson } from './json.ts';
import type { OptionValues } from './option-values.ts';

/** `cadangan service run`: what the units start. */
export async function runServiceHere(context: CommandContext, options: OptionValues): Promise<ExitCode> {
  const { environment, clock, programVersion, signal, terminal, globals } = context;
  const configFile = resolve(options.text('config') ?? configurationFile(environment));
  const end = await runService({
    configFile,
    stateFolder: resolve(options.text('state') ?? stateFolder(environment, configFile)),
    isOfSystem: options.flag('system'),
    isGuard: options.flag('unlessRunning'),
    environment,
    clock,
    programVersion,
    signal,
    onLog: (level, message) => {
      if (!globals.quiet && (level !== 'debug' || globals.verbosity > 0)) terminal.note(safeText(message));
    },
  });
  return end === 'crash' ? exitCode.failed : exitCode.done;
}

/** `cadangan service status`: of the machine and of this user, or of the one that is asked for. */
export async function showServices(context: CommandContext, options: OptionValues): Promise<ExitCode> {
  const { terminal, globals } = context;
  const scopes: readonly ServiceScope[] = options.flag('user')
    ? ['user']
    : options.text('root') === undefined
      ? ['system', 'user']
      : ['system'];
  const world = { version: cadanganVersion(), random: systemRandom, crontab: await crontabOf(scopes, options) };
  const all = await Promise.all(scopes.map((scope) => serviceStatus(placeOf(context, options, scope), world)));
  const installed = all.filter(({ isInstalled }) => isInstalled);
  if (globals.json) printJson(terminal, { message_type: 'services', services: installed.map(statusJson) });
  else if (installed.length === 0) terminal.print(l10n.t('No service is installed: the schedule runs while VS Code is open.'));
  else for (const status of installed) for (const line of statusLines(status)) terminal.print(line);
  return exitCode.done;
}

/** `cadangan service install`, `cadangan service uninstall`. */
export async function changeService(context: CommandContext, options: OptionValues, action: 'install' | 'uninstall'): Promise<ExitCode> {
  const { terminal, globals } = context;
  const scope: ServiceScope = options.flag('user') ? 'user' : 'system';
  const place = placeOf(context, options, scope);
  const isDry = options.flag('dryRun');
  if (!isDry && !isOfHere(place.manager))
    throw new CadanganError('service.unsupported', {
      reason: `${place.manager} is of another system; --dry-run shows what would be written`,
    });
  if (!isDry && scope === 'system' && process.getuid !== undefined && process.getuid() !== 0) throw new CadanganError('service.denied');
  const crontab = await crontabOf([scope], options);
  if (action === 'uninstall') {
    if (!isDry) await uninstallService(place, worldOf(context, options), crontab);
    if (!globals.quiet) for (const line of uninstalledLines(place, isDry)) terminal.print(line);
    return exitCode.done;
  }
  const plan = await planInstall({
    place,
    program: dirname(dirname(assetPath('cli.js'))),
    node: nodeOf(options),
    takeOver: takeOverOf(context, options),
    crontab,
  });
  if (isDry) printPlan(context, plan);
  else {
    const { replaced, version, hasMoved } = await installService(plan, worldOf(context, options));
    if (globals.json) printJson(terminal, jsonObject({ message_type: 'service_installed', version, replaced, moved_state: hasMoved }));
    else if (!globals.quiet) for (const line of installedLines(plan, { replaced, version, hasMoved })) terminal.print(line);
  }
  return exitCode.done;
}

function placeOf({ environment }: CommandContext, options: OptionValues, scope: ServiceScope): ServicePlace {
  const manager = options.choice('manager', serviceManagers) ?? managerOfHere();
  const root = options.text('root');
  return servicePlace({
    scope,
    manager,
    environment,
    home: homeFolder(environment),
    account: options.text('runAs'),
    root: root === undefined ? undefined : resolve(root),
  });
}

/** Below another root nothing of this machine is told to start anything. */
function worldOf({ clock, programVersion }: CommandContext, options: OptionValues): InstallWorld {
  const run: CommandRunner | undefined = options.text('root') === undefined ? runSystemCommand : undefined;
  return { clock, random: systemRandom, version: cadanganVersion(), programVersion, run };
}

/** Below another root only what is named. */
function takeOverOf({ environment }: CommandContext, options: OptionValues): InstallWish['takeOver'] {
  const isElsewhere = options.text('root') !== undefined;
  const configFile = options.text('fromConfig') ?? (isElsewhere ? undefined : configurationFile(environment));
  const folder = options.text('fromState') ?? (isElsewhere ? undefined : stateFolder(environment, configFile));
  return { configFile: configFile && resolve(configFile), stateFolder: folder && resolve(folder) };
}

/** The runtime of a desktop's VS Code is a part of it, and cannot be copied. */
function nodeOf(options: OptionValues): string {
  const node = options.text('node');
  if (node !== undefined) return resolve(node);
  if (process.versions['electron'] !== undefined)
    throw new CadanganError('service.unsupported', {
      reason: 'this runs inside of VS Code, whose runtime cannot be copied: name a Node with --node',
    });
  return process.execPath;
}

async function crontabOf(scopes: readonly ServiceScope[], options: OptionValues): Promise<string | undefined> {
  const manager = options.choice('manager', serviceManagers) ?? managerOfHere();
  if (manager !== 'cron' || !scopes.includes('user') || !isOfHere(manager)) return undefined;
  return runSystemCommand({ argv: ['crontab', '-l'], mayFail: true }); // it fails where there is none yet
}

function printPlan({ terminal, globals }: CommandContext, plan: InstallPlan): void {
  if (globals.json) return printJson(terminal, planJson(plan));
  terminal.print(l10n.t('Nothing is written. "cadangan service install" would write:'));
  for (const file of plan.files) terminal.print(fileLine(file));
  if (plan.move) terminal.print(l10n.t('It would move the records, the key and the state from "{from}" to "{to}".', pathsOf(plan.move)));
  for (const command of [...plan.before, ...plan.after, ...plan.start])
    terminal.print(l10n.t('It would run: {command}', { command: commandText(command) }));
  for (const { path, text } of plan.files) if (text !== undefined) terminal.print(`\n--- ${safeText(path)}\n${text.trimEnd()}`);
}

function fileLine({ path, mode, owner, target }: PlannedFile): string {
  const link = target === undefined ? '' : ` -> ${safeText(target)}`;
  return `${mode.toString(8).padStart(4, '0')}  ${safeText(owner)}  ${safeText(path)}${link}`;
}

function pathsOf({ from, to }: { readonly from: string; readonly to: string }): { from: string; to: string } {
  return { from: safeText(from), to: safeText(to) };
}

function commandText({ argv }: SystemCommand): string {
  return safeText(argv.join(' '));
}

function planJson({ files, move, before, after, start, place }: InstallPlan): ReturnType<typeof jsonObject> {
  return jsonObject({
    message_type: 'service_plan',
    manager: place.manager,
    scope: place.scope,
    files: files.map(({ path, mode, owner, text, source, target }) =>
      jsonObject({ path, mode: mode.toString(8).padStart(4, '0'), owner, text, copy_of: source, link_to: target }),
    ),
    move: move && { ...move },
    commands: [...before, ...after, ...start].map(({ argv }) => argv),
  });
}

function installedLines(
  { place, move }: InstallPlan,
  { replaced, version, hasMoved }: Awaited<ReturnType<typeof installService>>,
): readonly string[] {
  const lines = [
    replaced === undefined || replaced === version
      ? l10n.t('The service is installed (version {version}).', { version })
      : l10n.t('The service is brought from version {old} to {version}.', { old: replaced, version }),
    l10n.t('Its configuration is "{path}".', { path: safeText(place.configFile) }),
  ];
  if (hasMoved && move) lines.push(l10n.t('Records, key and state have moved from "{from}" to "{to}".', pathsOf(move)));
  if (place.scope === 'user' && place.manager === 'systemd')
    lines.push(l10n.t('It ends when you log out. To let it go on: loginctl enable-linger'));
  if (place.scope === 'system' && place.account !== 'root' && place.manager !== 'task-scheduler')
    lines.push(
      l10n.t('It runs as "{account}": folders of repositories have to belong to that account (chown -R {account} FOLDER).', {
        account: safeText(place.account),
      }),
    );
  if (place.manager === 'cron') lines.push(l10n.t('cron starts it within five minutes, and at every start of the machine.'));
  return lines;
}

function uninstalledLines({ configFile, stateFolder: folder, scope, account, manager }: ServicePlace, isDry: boolean): readonly string[] {
  const lines = [
    isDry ? l10n.t('Nothing is removed. The service would be ended and removed.') : l10n.t('The service is removed.'),
    l10n.t('What stays: the configuration "{config}", the state "{state}", and the repositories.', {
      config: safeText(configFile),
      state: safeText(folder),
    }),
  ];
  if (scope === 'system' && (manager === 'systemd' || manager === 'cron') && account !== 'root')
    lines.push(l10n.t('The account "{account}" stays, too, since the state belongs to it.', { account: safeText(account) }));
  return lines;
}

function statusLines(status: ServiceStatus): readonly string[] {
  const { version, host, isUnfinished, uncovered, withoutRights } = status;
  const lines = [installedLine(status), hostLine(host)];
  if (version === undefined) lines.push(l10n.t('Its installation did not come to its end: run "cadangan service install" again.'));
  else if (version !== cadanganVersion())
    lines.push(
      l10n.t('This is version {version}: "cadangan service install" brings the service to it.', { version: safeText(cadanganVersion()) }),
    );
  if (isUnfinished) lines.push(l10n.t('A move of its state was interrupted, and it does not start: run "cadangan service install" again.'));
  for (const each of uncovered) lines.push(uncoveredLine(each));
  if (uncovered.length > 0) lines.push(l10n.t('"cadangan service install" gives it the rights that the configuration needs now.'));
  for (const { name, program } of withoutRights)
    lines.push(
      l10n.t('"{name}" runs {program}, which fails there: no program gains rights under the service.', {
        name: safeText(name),
        program: safeText(program),
      }),
    );
  return lines;
}

function installedLine({ place: { scope, manager }, version }: ServiceStatus): string {
  const shown = { manager, version: version === undefined ? l10n.t('unknown') : safeText(version) };
  return scope === 'system'
    ? l10n.t('The service of the machine is installed ({manager}, version {version}).', shown)
    : l10n.t('The service of this user is installed ({manager}, version {version}).', shown);
}

function hostLine(host: ServiceStatus['host']): string {
  if (host === 'none') return l10n.t('It does not run at this moment.');
  if (host === 'unknown') return l10n.t('Whether it runs can only be asked by an administrator (sudo).');
  return l10n.t('It runs as process {pid} (Cadangan {version}).', { pid: host.pid, version: safeText(host.version) });
}

function uncoveredLine({ name, what, path }: Uncovered): string {
  const shown = { name: safeText(name), path: safeText(path) };
  switch (what) {
    case 'repository':
      return l10n.t('"{name}": the service may not write to its repository "{path}".', shown);
    case 'password':
      return l10n.t('"{name}": the service is not handed its password file "{path}".', shown);
    case 'copy':
      return l10n.t('"{name}": the service may not write the copy to "{path}".', shown);
    case 'readable-copies':
      return l10n.t('"{name}": the service may not write readable copies to "{path}".', shown);
    case 'credentials':
      return l10n.t('"{name}": the service may not renew the sign-in in "{path}".', shown);
  }
}

function statusJson({ place, version, host, isUnfinished, uncovered, withoutRights }: ServiceStatus): ReturnType<typeof jsonObject> {
  return jsonObject({
    scope: place.scope,
    manager: place.manager,
    version,
    host: typeof host === 'string' ? host : { pid: host.pid, version: host.version },
    unfinished_move: isUnfinished,
    configuration: place.configFile,
    state: place.stateFolder,
    uncovered: uncovered.map((each) => ({ ...each })),
    without_rights: withoutRights.map((each) => ({ ...each })),
  });
}
