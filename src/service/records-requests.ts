import { answer } from './answer.ts';
import { clauseHints, makePeriodPack, makePeriodReport, renderReport, type DocumentWorld } from './period-documents.ts';
import { errorOfData } from './error-data.ts';
import * as protocol from './protocol.ts';
import { workWitness } from './protocol/work.ts';
import { askRepositoryAt, type RepositoryWitness } from './seen-repository.ts';
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
function verify(service: Service, signal: AbortSignal): Promise<protocol.RecordsVerification> {
  const { records, configuration, drivePlace, passwords, world } = service;
  return records.verify({
    clock: world.clock,
    locations: repositoriesOf(configuration),
    ask: (location, whileLooking) => ask(service, location, whileLooking),
    copies: configuration.offsiteCopies,
    place: drivePlace,
    scrub: passwords.scrub,
    signal,
  });
}

async function ask(
  { elsewhere, repositories, openStorage, world }: Service,
  location: string,
  signal: AbortSignal,
): Promise<RepositoryWitness> {
  if (elsewhere?.forks) {
    const { anchors, errors, ...seen } = await elsewhere.request(location, workWitness, { location }, { mayAsk: false, signal });
    return {
      anchors,
      errors: errors.map(errorOfData),
      seen: { id: seen.id, location, snapshots: seen.snapshots.map(({ tree, ...snapshot }) => ({ ...snapshot, tree })) },
    };
  }
  return askRepositoryAt({
    location,
    signal,
    world: { clock: world.clock, random: world.random, openStorage },
    password: (passwordSignal) => repositories.keyOf(location, { mayAsk: false, signal: passwordSignal }),
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
