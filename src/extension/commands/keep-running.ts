import path from 'node:path';
import process from 'node:process';
import * as vscode from 'vscode';
import { configurationFile, l10n, stateFolder, system } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { pick } from '../editor/ask.ts';
import { setting } from '../editor/settings.ts';
import { serviceCommands } from '../presentation/service-commands.ts';
import { commandTitle } from '../presentation/words.ts';

type Wish = { readonly command: string; readonly runs: boolean };

/**
 * *Keep Running When VS Code Is Closed…*: what makes a service stands in a terminal, where it is read before it is run, and where `sudo`
 * asks for its password. What changes the machine waits for Enter.
 */
export async function keepRunning(app: App): Promise<void> {
  const named = setting('configFile');
  const configFile = configurationFile(process.env, named);
  const commands = serviceCommands({
    node: process.versions['electron'] === undefined ? process.execPath : 'node',
    program: path.join(app.context.extensionPath, 'dist', 'cli.js'),
    stateFolder: stateFolder(process.env, configFile),
    configFile,
    platform: system.platform,
    isElevated: process.getuid?.() === 0,
  });
  const answer = await pick<Wish>({
    title: commandTitle('keepRunning'),
    placeholder: l10n.t('Who is to keep the schedule running?'),
    items: [
      {
        iconPath: new vscode.ThemeIcon('server'),
        label: l10n.t('The machine'),
        description: l10n.t('needs an administrator'),
        detail: l10n.t('From the start of the machine on, under an account of its own with the least rights. Records and key move there.'),
        value: { command: commands.system, runs: false },
      },
      {
        iconPath: new vscode.ThemeIcon('person'),
        label: l10n.t('This user'),
        detail: l10n.t(
          'With your rights; configuration and records stay where they are. On Linux it ends when you log out, unless you let it linger.',
        ),
        value: { command: commands.user, runs: true },
      },
      {
        iconPath: new vscode.ThemeIcon('preview'),
        label: l10n.t('Show what would be written'),
        detail: l10n.t('Every file of a service of the machine, with its content. Nothing is written.'),
        value: { command: commands.dryRun, runs: true },
      },
      {
        iconPath: new vscode.ThemeIcon('info'),
        label: l10n.t('Show what is installed'),
        value: { command: commands.status, runs: true },
      },
    ],
  });
  if (answer.kind !== 'answer') return;
  const { command, runs } = answer.value;
  const terminal = vscode.window.createTerminal({
    name: 'Cadangan',
    iconPath: new vscode.ThemeIcon('server-process'),
    env: named === '' ? {} : { CADANGAN_CONFIG: configFile }, // a command knows nothing of the window's settings
  });
  terminal.show();
  terminal.sendText(command, runs);
}
