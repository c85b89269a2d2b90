import { otherAccount, sampleAccount, startDriveEmulator, type DriveEmulator, type EmulatorOptions } from '../drive-emulator/index.ts';
import { DriveWire } from './drive-wire.ts';

export { otherAccount, sampleAccount };
export const folderType = 'application/vnd.google-apps.folder';

export interface Stage extends AsyncDisposable {
  readonly emulator: DriveEmulator;
  readonly drive: DriveWire;
}

/** An emulator and somebody signed in. */
export async function makeStage(options: EmulatorOptions = {}): Promise<Stage> {
  const emulator = await startDriveEmulator(options);
  return {
    emulator,
    drive: new DriveWire(emulator.url, emulator.accounts.accessToken(sampleAccount)),
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}
