import type { RepositoryAccess } from '../jobs/index.ts';
import { answer } from './answer.ts';
import { clauseHints, makePeriodPack, makePeriodReport, renderReport, type DocumentWorld } from './period-documents.ts';
import * as protocol from './protocol.ts';
import type { Service } from './service.ts';
import { repositoriesOf } from './verify-records.ts';

/** Everything that a window reads of the records, makes of them, and decides about them. */
export const recordsProcedures = [
  answer(protocol.listRecords, ({ records }, params, { signal }) => records.list(params, signal)),
  answer(protocol.readRecord, ({ records }, { number }, { signal }) => records.read(number, signal)),
  answer(protocol.recordsSummary, ({ records }, _, { signal }) => records.summary(signal)),
  answer(protocol.verifyRecords, (service, _, { signal }) => verify(service, signal)),
  answer(protocol.makeReport, (service, params, { signal }) => report(service, params, signal)),
  answer(protocol.makeAuditPack, (service, params, { signal }) => pack(service, params, signal)),
  answer(protocol.approveRecords, ({ records }, params, call) => records.approve(params, call)),
  answer(protocol.listNonconformities, ({ records }, _, { signal }) => records.nonconformities(signal)),
  answer(protocol.closeNonconformity, ({ records }, params, call) => records.close(params, call)),
];

/** Repositories that would need a question are named as not compared. */
function verify(
  { records, repositories, configuration, drivePlace, openStorage, passwords, world: { clock, random } }: Service,
  signal: AbortSignal,
): Promise<protocol.RecordsVerification> {
  const accessOf = (location: string, whileLooking: AbortSignal): RepositoryAccess => ({
    location,
    signal: whileLooking,
    world: { clock, random, openStorage },
    password: (passwordSignal) => repositories.keyOf(location, { mayAsk: false, signal: passwordSignal }),
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
  service: Service,
  { from, to, format, language }: protocol.ReportParams,
  signal: AbortSignal,
): Promise<protocol.PeriodDocument> {
  const world = documentWorldOf(service, signal);
  const bytes = await renderReport(await makePeriodReport(world, { from, to }), { ...world, format, language });
  return { bytes, hints: clauseHints(world.configuration) };
}

async function pack(service: Service, period: protocol.PeriodParams, signal: AbortSignal): Promise<protocol.PeriodDocument> {
  const world = documentWorldOf(service, signal);
  const { bytes } = await makePeriodPack(await makePeriodReport(world, period), world);
  return { bytes, hints: [] };
}

function documentWorldOf({ keeper, configuration, world: { clock, programVersion } }: Service, signal: AbortSignal): DocumentWorld {
  return { keeper, configuration, clock, software: programVersion, signal };
}
