import { exitCode } from '../exit-code.ts';
import type { CliCommand } from '../command.ts';
import { printJson } from '../json.ts';
import { cadanganVersion } from '../version.ts';

export const versionCommand: CliCommand = {
  name: 'version',
  declare: (command) => command.description('Show the version.'),
  run: async ({ terminal, globals, programVersion }) => {
    const { version: node_version, platform, arch } = process;
    if (globals.json) printJson(terminal, { message_type: 'version', version: cadanganVersion(), node_version, platform, arch });
    else terminal.print(`${programVersion} on Node.js ${node_version}, ${platform} ${arch}`);
    return exitCode.done;
  },
};
