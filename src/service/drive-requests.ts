import { updateConfiguration } from '../settings/index.ts';
import { answer } from './answer.ts';
import * as protocol from './protocol.ts';
import type { Service } from './service.ts';

/** The account on Google Drive, and the off-site copies. */
export const driveProcedures = [
  answer(protocol.driveStatus, ({ drive }) => drive.status()),
  answer(protocol.driveSignIn, async (service, params, call) => {
    const account = await service.drive.account.signIn(params, call);
    await forgetCopies(service);
    return account;
  }),
  answer(protocol.driveSignOut, async (service, params, { signal }) => {
    await service.drive.account.signOut(params, signal);
    await forgetCopies(service);
  }),
  answer(protocol.syncCopy, ({ drive }, { copy, run, ...how }, call) => drive.copies.work(copy, 'sync', { ...call, run }, how)),
  answer(protocol.scrubCopy, ({ drive }, { copy, run }, call) => drive.copies.work(copy, 'scrub', { ...call, run })),
  answer(protocol.sampleCopy, ({ drive }, { copy, run, ...how }, call) => drive.copies.work(copy, 'sample', { ...call, run }, how)),
  answer(protocol.stopCopy, async ({ drive }, { copy }) => drive.copies.stop(copy)),
  answer(protocol.readableCopy, ({ drive }, { run, ...params }, call) => drive.copies.writeReadable(params, { ...call, run })),
  answer(protocol.pauseCopy, (service, { copy }) => setPaused(service, copy, true)),
  answer(protocol.resumeCopy, (service, { copy }) => setPaused(service, copy, false)),
  answer(protocol.copyAddress, ({ drive }, { copy }, { signal }) => drive.copies.addressOf(copy, signal)),
  answer(protocol.addCopy, addCopy),
];

/** In the file, so that it holds for every process, and over night. */
async function setPaused(service: Service, copy: string, isPaused: boolean): Promise<void> {
  service.drive.copies.copyNamed(copy);
  await service.take(
    await updateConfiguration(
      service.configFile,
      { kind: 'change-copy', name: copy, values: { paused: isPaused ? true : undefined } },
      { random: service.world.random },
    ),
  );
  if (isPaused) service.drive.copies.stop(copy);
}

async function addCopy(service: Service, { name, repository, to, records, drive }: protocol.AddCopyParams): Promise<void> {
  const {
    configFile,
    world: { random },
  } = service;
  if (drive !== undefined) await updateConfiguration(configFile, { kind: 'change-general', values: { googleDrive: drive } }, { random });
  await service.take(
    await updateConfiguration(
      configFile,
      { kind: 'add-copy', copy: { name, repository, to, ...(records !== undefined && { records }) } },
      { random },
    ),
  );
}

/** What was opened for one account is not kept open for the next. */
async function forgetCopies(service: Service): Promise<void> {
  for (const { to } of service.copies) await service.forget(to).catch(() => undefined);
}
