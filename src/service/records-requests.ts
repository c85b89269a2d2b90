import { answer } from './answer.ts';
import { witnessesOf, type Asker } from './chain-witnesses.ts';
import { clauseHints, makePeriodPack, makePeriodReport, renderReport, type DocumentWorld } from './period-documents.ts';
import * as protocol from './protocol.ts';
import type { Service } from './service.ts';

/** Everything that a window reads of the records, makes of them, and decides about them. */
export const recordsProcedures = [
  answer(protocol.listRecords, ({ records }, params, { signal }) => records.list(params, signal)),
  answer(protocol.readRecord, ({ records }, { number }, { signal }) => records.read(number, signal)),
  answer(protocol.recordsSummary, ({ records }, _, { signal }) => records.summary(signal)),
  answer(protocol.verifyRecords, (service, _, call) => verify(service, call)),
  answer(protocol.makeReport, (service, params, call) => report(service, params, call)),
  answer(protocol.makeAuditPack, (service, params, call) => pack(service, params, call)),
  answer(protocol.appendRecord, ({ records }, { content }, call) => records.append(content, call)),
  answer(protocol.approveRecords, ({ records }, params, call) => records.approve(params, call)),
  answer(protocol.listNonconformities, ({ records }, _, { signal }) => records.nonconformities(signal)),
  answer(protocol.closeNonconformity, ({ records }, params, call) => records.close(params, call)),
  answer(protocol.decideNonconformity, ({ records }, params, call) => records.decide(params, call)),
  answer(protocol.enterFinding, ({ records }, params, call) => records.enterFinding(params, call)),
];

function verify(service: Service, asker: Asker): Promise<protocol.RecordsVerification> {
  return service.records.verify(witnessesOf(service, asker));
}

async function report(
  service: Service,
  { from, to, format, language }: protocol.ReportParams,
  asker: Asker,
): Promise<protocol.PeriodDocument> {
  const world = documentWorldOf(service, asker);
  const bytes = await renderReport(await makePeriodReport(world, { from, to }), { ...world, format, language });
  return { bytes, hints: clauseHints(world.configuration) };
}

async function pack(service: Service, period: protocol.PeriodParams, asker: Asker): Promise<protocol.PeriodDocument> {
  const world = documentWorldOf(service, asker);
  const { bytes } = await makePeriodPack(await makePeriodReport(world, period), world);
  return { bytes, hints: [] };
}

function documentWorldOf(service: Service, asker: Asker): DocumentWorld {
  const { keeper, configuration, drive, world, records } = service;
  return {
    keeper,
    configuration,
    clock: world.clock,
    copies: () => drive.copies.infos(),
    software: world.programVersion,
    signal: asker.signal,
    witnesses: witnessesOf(service, asker),
    onCompared: (knowledge) => records.noteCompared(knowledge),
  };
}
