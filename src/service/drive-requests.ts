import { updateConfiguration } from '../settings/index.ts';
import { answer } from './answer.ts';
import * as protocol from './protocol.ts';
import type { Session } from './session.ts';

/** The account on Google Drive, and the off-site copies. */
export const driveProcedures = [
  answer(protocol.driveStatus, ({ drive }) => drive.status()),
  answer(protocol.driveSignIn, async (session, params, { signal }) => {
    const account = await session.drive.signIn(params, signal);
    await forgetCopies(session);
    return account;
  }),
  answer(protocol.driveSignOut, async (session, params, { signal }) => {
    await session.drive.signOut(params, signal);
    await forgetCopies(session);
  }),
  answer(protocol.syncCopy, ({ drive }, { copy, run }, call) => drive.work(copy, 'sync', { ...call, run })),
  answer(protocol.scrubCopy, ({ drive }, { copy, run }, call) => drive.work(copy, 'scrub', { ...call, run })),
  answer(protocol.readableCopy, ({ drive }, { run, ...params }, call) => drive.writeReadable(params, { ...call, run })),
  answer(protocol.pauseCopy, (session, { copy }) => setPaused(session, copy, true)),
  answer(protocol.resumeCopy, (session, { copy }) => setPaused(session, copy, false)),
  answer(protocol.copyAddress, ({ drive }, { copy }, { signal }) => drive.addressOf(copy, signal)),
  answer(protocol.addCopy, addCopy),
];

/** In the file, so that it holds for every process, and over night. */
async function setPaused(session: Session, copy: string, isPaused: boolean): Promise<void> {
  session.drive.copyNamed(copy);
  await session.take(
    await updateConfiguration(
      session.configFile,
      { kind: 'change-copy', name: copy, values: { paused: isPaused ? true : undefined } },
      { random: session.world.random },
    ),
  );
}

async function addCopy(session: Session, { name, repository, to, drive }: protocol.AddCopyParams): Promise<void> {
  const {
    configFile,
    world: { random },
  } = session;
  if (drive !== undefined) await updateConfiguration(configFile, { kind: 'change-general', values: { googleDrive: drive } }, { random });
  await session.take(await updateConfiguration(configFile, { kind: 'add-copy', copy: { name, repository, to } }, { random }));
}

/** What was opened for one account is not kept open for the next. */
async function forgetCopies({ copies, repositories }: Session): Promise<void> {
  for (const { to } of copies) await repositories.forget(to).catch(() => undefined);
}
