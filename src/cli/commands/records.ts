import { Argument } from 'commander';
import { CadanganError, l10n } from '../../platform/index.ts';
import { collect, type CliCommand } from '../command.ts';
import { approveRecords, closeOne, printNonconformities } from './records-decisions.ts';
import { packRecords, reportRecords } from './records-forms.ts';
import { listRecords, showRecord } from './records-list.ts';
import { verifyRecords } from './records-verify.ts';

const actions = {
  list: listRecords,
  show: showRecord,
  verify: verifyRecords,
  report: reportRecords,
  pack: packRecords,
  approve: approveRecords,
  nonconformities: printNonconformities,
  close: closeOne,
} as const;

export const recordsCommand: CliCommand = {
  name: 'records',
  declare: (command) =>
    command
      .description(l10n.t('The history of everything that was done: list it, verify it, make reports and audit packs of it, approve it.'))
      .addArgument(new Argument('<action>', l10n.t('what to do')).choices(Object.keys(actions)))
      .argument('[item]', l10n.t('number of a record, id of a nonconformity, or an audit pack to verify'))
      .option('--from <day>', l10n.t('first day of the period, e.g. 2026-11-01'))
      .option('--to <day>', l10n.t('last day of the period'))
      .option('--month <month>', l10n.t('a whole month as period, e.g. 2026-11'))
      .option('--day <day>', l10n.t('one day as period'))
      .option('--kind <kind>', l10n.t('only records of this kind (may be repeated)'), collect)
      .option('--result <result>', l10n.t('only records with this result (may be repeated)'), collect)
      .option('--set <name>', l10n.t('only records of this backup set'))
      .option('--format <format>', l10n.t('of the report: pdf, html or csv (default: pdf)'))
      .option('--form-language <language>', l10n.t('of the report: en or id (default: as the command line)'))
      .option('-o, --output <file>', l10n.t('file to write (default: named after the period, in this folder)'))
      .option('--head <number:hash>', l10n.t('a head of the chain that was kept elsewhere, to compare with (may be repeated)'), collect)
      .option('--act <act>', l10n.t('what is approved: prepared, checked or approved (default: approved)'))
      .option('--name <name>', l10n.t('who approves or closes'))
      .option('--position <position>', l10n.t('the position of that person'))
      .option('--cause <text>', l10n.t('why the nonconformity happened'))
      .option('--correction <text>', l10n.t('what was done about it'))
      .option('--prevention <text>', l10n.t('what keeps it from happening again')),
  run: async (context, [action, item], options) => {
    const act = Object.entries(actions).find(([name]) => name === action)?.[1];
    if (act === undefined) throw new CadanganError('arguments.invalid', { argument: action ?? '', reason: 'there is no such action' });
    return act(context, item, options);
  },
};
