import { sampleAccount, startDriveEmulator } from '../drive-emulator/index.ts';
import { describeDrive } from './conformance.ts';
import { DriveWire } from './drive-wire.ts';

describeDrive('the emulator', async () => {
  const emulator = await startDriveEmulator();
  return {
    drive: new DriveWire(emulator.url, emulator.accounts.accessToken(sampleAccount)),
    account: sampleAccount,
    [Symbol.asyncDispose]: () => emulator.close(),
  };
});

// An access token of scope drive.file, lent by somebody with an account: the same questions to Google itself.
const token = process.env['CADANGAN_REAL_DRIVE_TOKEN'];
if (token !== undefined && token !== '') {
  describeDrive('Google Drive', async () => ({
    drive: new DriveWire('https://www.googleapis.com', token),
    [Symbol.asyncDispose]: async () => undefined,
  }));
}
