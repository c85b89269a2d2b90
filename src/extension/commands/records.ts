import * as vscode from 'vscode';
import { HostError } from '../../host/index.ts';
import { protocol, type NonconformityInfo, type RecordFault, type RecordPage, type RecordRow } from '../../service/index.ts';
import { formatDay, l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { pick } from '../editor/ask.ts';
import type { ShownPage } from '../editor/record-pages.ts';
import { whileBusy } from '../editor/with-progress.ts';
import { commandId, type CommandName } from '../manifest/contributions.ts';
import { instantOf } from '../presentation/instants.ts';
import { nonconformityPageHtml, recordFaultPageHtml, recordPageHtml, verificationPageHtml } from '../presentation/record-page-html.ts';
import { iconOfNonconformity } from '../presentation/record-rows.ts';
import { commandTitle } from '../presentation/words.ts';
import { isNonconformityNode, isRecordFaultNode, isRecordNode } from '../views/history-nodes.ts';
import { themeIcon } from '../views/tree-item.ts';
import { assignNonconformity, enterFinding, followUpNonconformity, withdrawNonconformity } from './nonconformity-decisions.ts';
import { closeNonconformity } from './record-decisions.ts';
import { restoreSnapshot } from './restore.ts';
import { runBackup } from './runs.ts';

/** The page of a record: of a row, or `{ number }`; where no record stands, of what is wrong there. */
export async function showRecord(app: App, argument: unknown): Promise<void> {
  if (isRecordFaultNode(argument)) return app.recordPages.show(async () => faultPage(app, argument.fault));
  const number = numberOf(argument);
  if (number !== undefined) await app.recordPages.show(() => recordPage(app, number));
}

/** *Restore This…*: the steps of a restore, with the snapshot that a record tells of. */
export async function restoreRecord(app: App, argument: unknown): Promise<void> {
  const number = numberOf(argument);
  if (number !== undefined) await restoreFrom(app, await app.engine.request(protocol.readRecord, { number }));
}

/** The page of a nonconformity: of a row, `{ id }`, or one that is chosen. */
export async function showNonconformity(app: App, argument: unknown): Promise<void> {
  const id = await nonconformityTarget(app, argument, commandTitle('showNonconformity'), () => true);
  if (id !== undefined) await app.recordPages.show(() => nonconformityPage(app, id));
}

/** *Close Nonconformity…*: asks for what an auditor asks, and shows what came of it. */
export async function closeOne(app: App, argument: unknown): Promise<void> {
  await decideOne(app, argument, 'closeNonconformity', closeNonconformity, ({ isOpen }) => isOpen);
}

/** *Assign Nonconformity…*: who mends it, until when. */
export async function assignOne(app: App, argument: unknown): Promise<void> {
  await decideOne(app, argument, 'assignNonconformity', assignNonconformity, ({ isOpen }) => isOpen);
}

/** *Check the Correction…*: of one that is closed. */
export async function followUpOne(app: App, argument: unknown): Promise<void> {
  await decideOne(app, argument, 'followUpNonconformity', followUpNonconformity, ({ closed }) => closed !== undefined);
}

/** *Withdraw Nonconformity…*: it was opened in error. */
export async function withdrawOne(app: App, argument: unknown): Promise<void> {
  await decideOne(app, argument, 'withdrawNonconformity', withdrawNonconformity, ({ isOpen, closed }) => isOpen || closed !== undefined);
}

/** *Enter a Finding…*, and shows its record. */
export async function findOne(app: App): Promise<void> {
  const number = await enterFinding(app);
  if (number !== undefined) await showRecord(app, { number });
}

async function decideOne(
  app: App,
  argument: unknown,
  command: CommandName,
  decide: (app: App, id: string) => Promise<boolean>,
  isWanted: (one: NonconformityInfo) => boolean,
): Promise<void> {
  const id = await nonconformityTarget(app, argument, commandTitle(command), isWanted);
  if (id !== undefined && (await decide(app, id))) await app.recordPages.show(() => nonconformityPage(app, id));
}

/** *Verify Records*: reads all of them, and shows what was found. */
export async function verifyRecords(app: App): Promise<void> {
  const verification = await whileBusy(l10n.t('Verifying the records'), (signal) =>
    app.engine.request(protocol.verifyRecords, undefined, { signal }),
  );
  await app.recordPages.show(async () => ({ ...verificationPageHtml(verification), actions: { verify: () => verifyRecords(app) } }));
}

async function recordPage(app: App, number: number): Promise<ShownPage> {
  const page = await recordOrFault(app, number);
  if ('id' in page) return faultPage(app, page);
  return {
    ...recordPageHtml(page),
    actions: {
      restore: () => restoreFrom(app, page),
      repeat: () => repeat(app, page),
      nonconformity: (id) => showNonconformity(app, { id }),
      copy: async () => vscode.env.clipboard.writeText(page.line),
      verify: () => verifyRecords(app),
    },
  };
}

function faultPage(app: App, fault: RecordFault): ShownPage {
  return { ...recordFaultPageHtml(fault), actions: { verify: () => verifyRecords(app) } };
}

/** @throws HostError `record.not-found` when nothing is known of it */
async function recordOrFault(app: App, number: number): Promise<RecordPage | RecordFault> {
  try {
    return await app.engine.request(protocol.readRecord, { number }, { isQuiet: true });
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== 'record.not-found') throw error;
    const { faults } = await app.engine.request(protocol.listRecords, { offset: 0, limit: 1 }, { isQuiet: true });
    const fault = faults.find((one) => one.number === number);
    if (fault === undefined) throw error;
    return fault;
  }
}

async function nonconformityPage(app: App, id: string): Promise<ShownPage> {
  const info = (await app.engine.request(protocol.listNonconformities, undefined, { isQuiet: true })).find((one) => one.id === id);
  if (info === undefined) throw new HostError({ code: 'record.not-found', facts: { record: id }, message: id });
  return {
    ...nonconformityPageHtml(info, await rowsOf(app, info)),
    actions: {
      close: () => closeOne(app, { id }),
      assign: () => assignOne(app, { id }),
      'follow-up': () => followUpOne(app, { id }),
      withdraw: () => withdrawOne(app, { id }),
      record: (number) => showRecord(app, { number: Number(number) }),
    },
  };
}

/** Of the records that it names; a few, and what cannot be read goes by its number. */
async function rowsOf(app: App, { openedBy, records, closed }: NonconformityInfo): Promise<readonly RecordRow[]> {
  const numbers = [openedBy, ...records.slice(0, rowsMax), closed?.number].filter((number) => number !== undefined);
  const rows = await Promise.all(
    numbers.map((number) => app.engine.request(protocol.readRecord, { number }, { isQuiet: true }).catch(() => undefined)),
  );
  return rows.filter((row) => row !== undefined);
}

const rowsMax = 20;

async function restoreFrom(app: App, { restorable, set: name }: RecordPage): Promise<void> {
  if (restorable === undefined) return;
  const { location, snapshot: id } = restorable;
  const sets = await app.sets.load();
  const snapshot = await app.repositories.snapshot(location, id);
  if (snapshot === undefined) throw new HostError({ code: 'snapshot.not-found', facts: { snapshot: id, location }, message: id });
  await restoreSnapshot(app, { location, snapshot, set: sets.find((set) => set.name === name) });
}

async function repeat(app: App, { repeatable }: RecordPage): Promise<void> {
  if (repeatable?.kind === 'drill') await vscode.commands.executeCommand(commandId('runDrill'));
  if (repeatable?.kind !== 'backup') return;
  const set = (await app.sets.load()).find(({ name }) => name === repeatable.set);
  if (set === undefined) throw new HostError({ code: 'set.unknown', facts: { set: repeatable.set }, message: repeatable.set });
  await runBackup(app, set);
}

/** Undefined when nobody chose one, or there is none. */
async function nonconformityTarget(
  app: App,
  argument: unknown,
  title: string,
  isWanted: (one: NonconformityInfo) => boolean,
): Promise<string | undefined> {
  if (isNonconformityNode(argument)) return argument.info.id;
  if (typeof argument === 'object' && argument !== null && 'id' in argument && typeof argument.id === 'string') return argument.id;
  const wanted = (await app.engine.request(protocol.listNonconformities, undefined)).filter(isWanted);
  if (wanted.length === 0) {
    void vscode.window.showInformationMessage(l10n.t('There is no such nonconformity.'));
    return undefined;
  }
  const items = wanted.map(({ id, text, openedAt, isOpen }) => ({
    iconPath: themeIcon(iconOfNonconformity(!isOpen)),
    label: id,
    description: formatDay(instantOf(openedAt)),
    detail: text,
    value: id,
  }));
  const answer = await pick({ title, placeholder: l10n.t('Choose a nonconformity'), items });
  return answer.kind === 'answer' ? answer.value : undefined;
}

function numberOf(argument: unknown): number | undefined {
  if (isRecordNode(argument)) return argument.row.number;
  return typeof argument === 'object' && argument !== null && 'number' in argument && typeof argument.number === 'number'
    ? argument.number
    : undefined;
}
