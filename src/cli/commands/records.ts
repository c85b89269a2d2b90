import { Argument } from 'commander';
import { CadanganError, l10n } from '../../platform/index.ts';
import { collect, type CliCommand } from '../command.ts';
import { bringBackRecords } from './records-bring-back.ts';
import { approveRecords, rejectRecords } from './records-decisions.ts';
import { declareLost, declareMove, disposeOld, replaceKey } from './records-chain.ts';
import { packRecords, reportRecords } from './records-forms.ts';
import { listRecords, showRecord } from './records-list.ts';
import { assignOne, closeOne, followUpOne, openOne, printNonconformities, withdrawOne } from './records-nonconformities.ts';
import { verifyRecords } from './records-verify.ts';

const actions = {
  list: listRecords,
  show: showRecord,
  verify: verifyRecords,
  report: reportRecords,
  pack: packRecords,
  approve: approveRecords,
  reject: rejectRecords,
  nonconformities: printNonconformities,
  open: openOne,
  assign: assignOne,
  close: closeOne,
  'follow-up': followUpOne,
  withdraw: withdrawOne,
  'bring-back': bringBackRecords,
  'replace-key': replaceKey,
  'declare-key-lost': declareLost,
  'declare-moved': declareMove,
  dispose: disposeOld,
} as const;

export const recordsCommand: CliCommand = {
  name: 'records',
  declare: (command) =>
    command
      .description(l10n.t('The history of everything that was done: list it, verify it, make reports and audit packs of it, approve it.'))
      .addArgument(new Argument('<action>', l10n.t('what to do')).choices(Object.keys(actions)))
      .argument(
        '[item]',
        l10n.t(
          'number of a record, id of a nonconformity, an audit pack to verify, or the copy beside which the records to bring back lie',
        ),
      )
      .option('--from <day>', l10n.t('first day of the period, e.g. 2026-11-01'))
      .option('--to <day>', l10n.t('last day of the period'))
      .option('--month <month>', l10n.t('a whole month as period, e.g. 2026-11'))
      .option('--day <day>', l10n.t('one day as period'))
      .option('--kind <kind>', l10n.t('only records of this kind (may be repeated)'), collect)
      .option('--result <result>', l10n.t('only records with this result (may be repeated)'), collect)
      .option('--set <name>', l10n.t('only records of this backup set'))
      .option('--format <format>', l10n.t('of the report: pdf, html, csv, or exceptions, which is a CSV of them (default: pdf)'))
      .option('--form-language <language>', l10n.t('of the report: en or id (default: as the command line)'))
      .option('-o, --output <file>', l10n.t('file to write (default: named after the period, in this folder)'))
      .option('--head <number:hash>', l10n.t('a head of the chain that was kept elsewhere, to compare with (may be repeated)'), collect)
      .option('--act <act>', l10n.t('what is approved: prepared, checked or approved (default: approved)'))
      .option('--name <name>', l10n.t('who approves, closes or decides'))
      .option('--position <position>', l10n.t('the position of that person (default: as the instruction has it)'))
      .option('--cause <text>', l10n.t('why the nonconformity happened'))
      .option('--correction <text>', l10n.t('what was done about it'))
      .option('--prevention <text>', l10n.t('what keeps it from happening again'))
      .option('--chain <id>', l10n.t('bring-back: this history, where several lie beside the copy'))
      .option('--reason <text>', l10n.t('why a key, a machine or old months are other than before, or a history was brought back'))
      .option('--owner <name>', l10n.t('who mends the nonconformity'))
      .option('--owner-position <position>', l10n.t('the position of the owner (default: as the instruction has it)'))
      .option('--due <day>', l10n.t('the day until which it is to be mended'))
      .option('--helped <answer>', l10n.t('whether the correction helped: yes or no; with no it is opened again'))
      .option('--remarks <text>', l10n.t('why records are rejected or a nonconformity is withdrawn, or what the follow-up has shown'))
      .option('--text <text>', l10n.t('what was found that is not as it should be'))
      .option('--record <number>', l10n.t('a record that shows it (may be repeated)'), collect)
      .option('-n, --dry-run', l10n.t('close, dispose: only show what would be written, or would go; bring-back: only fetch and verify')),
  run: async (context, [action, item], options) => {
    const act = Object.entries(actions).find(([name]) => name === action)?.[1];
    if (act === undefined) throw new CadanganError('arguments.invalid', { argument: action ?? '', reason: 'there is no such action' });
    return act(context, item, options);
  },
};
