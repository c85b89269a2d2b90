/**
 * A Google Drive of our own: a real HTTP server that speaks what the product uses of Drive v3 and of Google's sign-in, as faithfully as
 * is known and nowhere kinder. Words: an *account* belongs to a person, a *client* is a program known to Google's console, a *fault* is
 * what a test orders to go wrong, a *person* does things in the browser behind the program's back.
 *
 *     await using drive = await startDriveEmulator();
 *     const token = drive.accounts.accessToken(sampleAccount);
 *     drive.faults.order({ fault: 'lost-answer', on: 'upload.final' });
 *     …                                                        // the product works on drive.endpoints
 *     drive.person(sampleAccount).find('Backup/config')        // what arrived
 *     drive.log.count({ operation: 'upload.open' })
 */
export { consentInBrowser, typeDeviceCode, type Consent } from './browser.ts';
export { clientFileOf, makeServiceAccount, type ServiceAccountKey } from './credentials.ts';
export { startDriveEmulator, type DriveEmulator, type Endpoints } from './emulator.ts';
export type { Fault, FaultMatch, FaultName, FaultOrder } from './fault.ts';
export { faultCatalogue } from './fault-catalogue.ts';
export type { LogEntry } from './log.ts';
export { folderType, shortcutType, type StoredFile } from './model.ts';
export type { Operation } from './operations.ts';
export {
  honestLatency,
  otherAccount,
  sampleAccount,
  sampleClient,
  sampleDeviceClient,
  type EmulatorOptions,
  type Lags,
  type Latency,
  type Limits,
} from './options.ts';
export type { Person } from './person.ts';
export { scopes } from './access.ts';
