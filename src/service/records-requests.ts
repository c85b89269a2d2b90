import { stat } from 'node:fs/promises';
import type { RepositoryAccess } from '../jobs/index.ts';
import type { Channel } from './channel.ts';
import { approveParams, closeNonconformityParams, periodFileParams, recordParams, recordsParams, reportParams } from './params.ts';
import { clauseHints, makePeriodReport, writePeriodPack, writeReport, type DocumentWorld } from './period-documents.ts';
import * as protocol from './protocol.ts';
import type { Session } from './session.ts';
import { repositoriesOf } from './verify-records.ts';

/** Everything that a window reads of the records, makes of them, and decides about them. */
export function handleRecordsRequests(channel: Channel, session: () => Session): void {
  channel.handle(protocol.listRecords, recordsParams, (params, signal) => session().records.list(params, signal));
  channel.handle(protocol.readRecord, recordParams, ({ number }, signal) => session().records.read(number, signal));
  channel.handle0(protocol.recordsSummary, (signal) => session().records.summary(signal));
  channel.handle0(protocol.verifyRecords, (signal) => verify(session(), signal));
  channel.handle(protocol.writeReport, reportParams, (params, signal) => report(session(), params, signal));
  channel.handle(protocol.writeAuditPack, periodFileParams, (params, signal) => pack(session(), params, signal));
  channel.handle(protocol.approveRecords, approveParams, (params) => session().records.approve(params));
  channel.handle0(protocol.listNonconformities, (signal) => session().records.nonconformities(signal));
  channel.handle(protocol.closeNonconformity, closeNonconformityParams, (params) => session().records.close(params));
}

/** Repositories that would need a question are named as not compared. */
function verify(
  { records, repositories, configuration, drivePlace, openStorage, passwords, world: { clock, random } }: Session,
  signal: AbortSignal,
): Promise<protocol.RecordsVerification> {
  const accessOf = (location: string, whileLooking: AbortSignal): RepositoryAccess => ({
    location,
    signal: whileLooking,
    world: { clock, random, openStorage },
    password: (passwordSignal) => repositories.passwordOf(location, { mayAsk: false, signal: passwordSignal }),
  });
  return records.verify({
    clock,
    locations: repositoriesOf(configuration),
    accessOf,
    copies: configuration.offsiteCopies,
    place: drivePlace,
    scrub: passwords.scrub,
    signal,
  });
}

async function report(
  session: Session,
  { from, to, file, format, language }: protocol.ReportParams,
  signal: AbortSignal,
): Promise<protocol.WrittenDocument> {
  const world = documentWorldOf(session, signal);
  const bytes = await writeReport(await makePeriodReport(world, { from, to }), file, { ...world, format, language });
  return { file, bytes, hints: clauseHints(world.configuration) };
}

async function pack(
  session: Session,
  { from, to, file }: protocol.PeriodFileParams,
  signal: AbortSignal,
): Promise<protocol.WrittenDocument> {
  const world = documentWorldOf(session, signal);
  await writePeriodPack(await makePeriodReport(world, { from, to }), file, world);
  return { file, bytes: (await stat(file)).size, hints: [] };
}

function documentWorldOf({ keeper, configuration, world: { clock, random, programVersion } }: Session, signal: AbortSignal): DocumentWorld {
  return { keeper, configuration, clock, random, software: programVersion, signal };
}
