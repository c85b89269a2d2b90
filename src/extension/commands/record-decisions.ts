import * as vscode from 'vscode';
import { protocol, type ApproveParams, type RecordRow } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { pick, stepAnswer } from '../editor/ask.ts';
import { commandId } from '../manifest/contributions.ts';
import type { Period } from '../presentation/periods.ts';
import { runSteps, type Step } from '../presentation/steps.ts';
import { commandTitle } from '../presentation/words.ts';
import { joined } from '../presentation/set-row.ts';
import { periodStep, personSteps, rememberPerson, startingPerson, textStep, type Person } from './record-questions.ts';

interface Approval extends Person {
  readonly act?: ApproveParams['act'] | undefined;
  readonly period?: Period | undefined;
  readonly rejectedFor?: string | undefined;
}

interface Closing extends Person {
  readonly cause?: string | undefined;
  readonly correction?: string | undefined;
  readonly prevention?: string | undefined;
}

/** *Approve Records…*: the person at the keyboard has prepared, checked or approved the records of a period. */
export function approveRecords(app: App): Promise<void> {
  return judge(app, commandTitle('approveRecords'), []);
}

/** *Reject Records…*: they are not accepted. */
export function rejectRecords(app: App): Promise<void> {
  const title = commandTitle('rejectRecords');
  const why = textStep<Approval>(
    title,
    l10n.t('Remarks'),
    l10n.t('Why are they not accepted?'),
    ({ rejectedFor }) => rejectedFor,
    (state, rejectedFor) => ({ ...state, rejectedFor }),
  );
  return judge(app, title, [why]);
}

async function judge(app: App, title: string, more: readonly Step<Approval>[]): Promise<void> {
  const steps = [actStep(title), periodStep<Approval>(app, title, { hasEnded: true }), ...more, ...personSteps<Approval>(title)];
  const { act, period, rejectedFor, name, position } = (await runSteps<Approval>(steps, await startingPerson(app))) ?? {};
  if (act === undefined || period === undefined || name === undefined || position === undefined) return;
  const row = await app.engine.request(protocol.approveRecords, {
    act,
    ...period,
    ...(rejectedFor !== undefined && { rejectedFor }),
    name,
    position,
  });
  await rememberPerson(app, { name, position });
  await app.records.refresh();
  await tell(row);
}

/** Asks for cause, correction and prevention, and who says so. @returns whether it is closed now @throws HostError */
export async function closeNonconformity(app: App, id: string): Promise<boolean> {
  const title = `${commandTitle('closeNonconformity')}: ${id}`;
  const steps: readonly Step<Closing>[] = [
    textStep<Closing>(
      title,
      l10n.t('Cause'),
      l10n.t('Why did it happen?'),
      ({ cause }) => cause,
      (state, cause) => ({ ...state, cause }),
    ),
    textStep<Closing>(
      title,
      l10n.t('Correction'),
      l10n.t('What was done about it?'),
      ({ correction }) => correction,
      (state, correction) => ({ ...state, correction }),
    ),
    textStep<Closing>(
      title,
      l10n.t('Prevention'),
      l10n.t('What keeps it from happening again? May stay empty.'),
      ({ prevention }) => prevention,
      (state, prevention) => ({ ...state, prevention }),
      { mayBeEmpty: true },
    ),
    ...personSteps<Closing>(title),
  ];
  const { cause, correction, prevention = '', name, position } = (await runSteps<Closing>(steps, await startingPerson(app))) ?? {};
  if (cause === undefined || correction === undefined || name === undefined || position === undefined) return false;
  if (!(await isAgreed(app, id, { cause, correction, prevention, name, position }))) return false;
  await app.engine.request(protocol.closeNonconformity, {
    id,
    cause,
    correction,
    ...(prevention === '' ? {} : { prevention }),
    name,
    position,
  });
  await rememberPerson(app, { name, position });
  await app.records.refresh();
  return true;
}

/** Shows what will be written: a record cannot be taken back. */
async function isAgreed(app: App, id: string, closing: Required<Omit<Closing, keyof Person>> & Person): Promise<boolean> {
  const { cause, correction, prevention, name, position } = closing;
  const info = (await app.engine.request(protocol.listNonconformities, undefined)).find((one) => one.id === id);
  const detail = [
    info?.text ?? '',
    `${l10n.t('Cause')}: ${cause ?? ''}`,
    `${l10n.t('Correction')}: ${correction ?? ''}`,
    prevention === undefined || prevention === '' ? '' : `${l10n.t('Prevention')}: ${prevention}`,
    `${l10n.t('By')}: ${joined([name, position], ', ')}`,
    info?.lasts === true ? l10n.t('What it is about still lasts: it will be opened again. It can be assigned to somebody instead.') : '',
  ];
  const button = l10n.t('Close {id}', { id });
  const question = l10n.t('This will be written into the records, for good.');
  const options = { modal: true, detail: detail.filter((line) => line !== '').join('\n') };
  return (await vscode.window.showInformationMessage(question, options, button)) === button;
}

function actStep(title: string): Step<Approval> {
  const items = [
    { label: l10n.t('Prepared'), detail: l10n.t('The records are complete, and were put together by me.'), value: 'prepared' as const },
    {
      label: l10n.t('Checked'),
      detail: l10n.t('I have looked through them, and followed up what was not right.'),
      value: 'checked' as const,
    },
    { label: l10n.t('Approved'), detail: l10n.t('I accept them for the organisation.'), value: 'approved' as const },
  ];
  return {
    ask: async (state, position) =>
      stepAnswer(
        await pick<ApproveParams['act']>({
          title,
          position,
          placeholder: l10n.t('What have you done with the records?'),
          items,
          isActive: (value) => value === state.act,
        }),
        (act) => ({ ...state, act }),
      ),
  };
}

async function tell({ number, summary }: RecordRow): Promise<void> {
  const button = commandTitle('showRecord');
  const chosen = await vscode.window.showInformationMessage(
    l10n.t('Record {number} is written: {summary}', { number: String(number), summary }),
    button,
  );
  if (chosen === button) await vscode.commands.executeCommand(commandId('showRecord'), { number });
}
