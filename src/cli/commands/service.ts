import { Argument, Option } from 'commander';
import { l10n } from '../../platform/index.ts';
import type { CliCommand } from '../command.ts';

export const serviceCommand: CliCommand = {
  name: 'service',
  declare: (command) =>
    command
      .description(l10n.t('Run the schedule as a service of the operating system: also when VS Code is closed.'))
      .addArgument(new Argument('<action>', l10n.t('what to do')).choices(['install', 'status', 'uninstall', 'run']))
      .option('--user', l10n.t('a service of this user instead of one of the machine'))
      .option('--dry-run', l10n.t('show every file that would be written, and write nothing'))
      .option('--manager <name>', l10n.t('systemd, cron, launchd or task-scheduler (default: that of this machine)'))
      .option('--run-as <account>', l10n.t('the account that the service of the machine runs as (default: cadangan)'))
      .option('--node <file>', l10n.t('the Node that the service is given a copy of (default: the one that runs this)'))
      .option('--from-state <folder>', l10n.t('the state folder whose records and key the service takes over (default: that of this user)'))
      .option('--from-config <file>', l10n.t('the configuration that the service begins with (default: that of this user)'))
      .option('--config <file>', l10n.t('run: the configuration'))
      .option('--state <folder>', l10n.t('run: the state folder'))
      .option('--system', l10n.t('run: refuse to start when others than administrators could change what is run'))
      .option('--unless-running', l10n.t('run: end at once where another process serves the state folder'))
      .addOption(new Option('--root <folder>').hideHelp()),
  run: async (context, [action], options) => {
    // What a service is made of takes a tenth of a second to load.
    const { changeService, runServiceHere, showServices } = await import('../service-work.ts');
    if (action === 'run') return runServiceHere(context, options);
    if (action === 'status') return showServices(context, options);
    return changeService(context, options, action === 'install' ? 'install' : 'uninstall');
  },
};
