import { CadanganError } from '../../platform/index.ts';
import type { CliCommand } from '../command.ts';

export const findCommand: CliCommand = {
  name: 'find',
  declare: (command) => command.description('Not there yet.'),
  run: () => Promise.reject(new CadanganError('arguments.invalid', { reason: 'not there yet' })),
};
