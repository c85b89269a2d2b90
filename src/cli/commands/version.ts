import { exitCode } from '../exit-code.ts';
import type { CliCommand } from '../command.ts';
import { l10n, system } from '../../platform/index.ts';
import { printJson } from '../json.ts';
import { cadanganVersion } from '../version.ts';

export const versionCommand: CliCommand = {
  name: 'version',
  declare: (command) => command.description(l10n.t('Show the version.')),
  run: async ({ terminal, globals, programVersion }) => {
    const { version: node_version, arch } = process;
    const { platform } = system;
    if (globals.json) printJson(terminal, { message_type: 'version', version: cadanganVersion(), node_version, platform, arch });
    else
      terminal.print(
        l10n.t('{program} on Node.js {node}, {platform} {arch}', { program: programVersion, node: node_version, platform, arch }),
      );
    return exitCode.done;
  },
};
