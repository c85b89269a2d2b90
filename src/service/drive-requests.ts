import { updateConfiguration } from '../settings/index.ts';
import type { Channel } from './channel.ts';
import { addCopyParams, copyParams, copyRunParams, driveSignInParams, driveSignOutParams, readableCopyParams } from './params.ts';
import * as protocol from './protocol.ts';
import type { RunWish } from './run-desk.ts';
import type { Session } from './session.ts';

/** The account on Google Drive, and the off-site copies. */
export function handleDriveRequests(channel: Channel, session: () => Session): void {
  const wishOf = ({ token }: protocol.RunToken, signal: AbortSignal): RunWish => ({
    mayAsk: true,
    signal,
    onProgress: token === undefined ? undefined : (progress) => channel.progress(token, progress),
  });
  channel.handle0(protocol.driveStatus, () => session().drive.status());
  channel.handle(protocol.driveSignIn, driveSignInParams, async (params, signal) => {
    const account = await session().drive.signIn(params, signal);
    await forgetCopies(session());
    return account;
  });
  channel.handle(protocol.driveSignOut, driveSignOutParams, async (params, signal) => {
    await session().drive.signOut(params, signal);
    await forgetCopies(session());
  });
  channel.handle(protocol.syncCopy, copyRunParams, (params, signal) => session().drive.work(params.copy, 'sync', wishOf(params, signal)));
  channel.handle(protocol.scrubCopy, copyRunParams, (params, signal) => session().drive.work(params.copy, 'scrub', wishOf(params, signal)));
  channel.handle(protocol.readableCopy, readableCopyParams, (params, signal) =>
    session().drive.writeReadable(params, wishOf(params, signal)),
  );
  channel.handle(protocol.pauseCopy, copyParams, ({ copy }) => setPaused(session(), copy, true));
  channel.handle(protocol.resumeCopy, copyParams, ({ copy }) => setPaused(session(), copy, false));
  channel.handle(protocol.copyAddress, copyParams, ({ copy }, signal) => session().drive.addressOf(copy, signal));
  channel.handle(protocol.addCopy, addCopyParams, (params) => addCopy(session(), params));
}

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
