/**
 * Settings: the one configuration file of a server. JSON with comments, written by people and by programs; nothing secret is in it.
 *
 *   text -> JsonTree (syntax, places) -> general values, and one set and off-site copy after the other through the schema
 *     -> Configuration + Problems
 *
 * A *problem* knows its line and stops the set or copy that it stands in, nothing else; a set that was good before goes on as it was
 * (`last-good.ts`). The paths of the file are in `platform/paths.ts`.
 */
export { readableFolderOf } from './copy-places.ts';
export { placePartsOf } from './place-parts.ts';
export { editConfiguration, type ConfigurationEdit } from './edit.ts';
export { makeJsonSchema } from './json-schema.ts';
export { bytesPerSecondOf } from './forms.ts';
export { concernsWhole, keepLastGood, type UsedConfiguration } from './last-good.ts';
export { loadConfiguration, type LoadedConfiguration } from './load.ts';
export { parseConfiguration, type ParsedConfiguration, type SetEntry } from './parse.ts';
export { passwordWaysOf, type PasswordWay } from './password-ways.ts';
export type { Place } from './positions.ts';
export { alertKinds, type AlertKind } from './alerts-schema.ts';
export { storageSettingsOf } from './storages-schema.ts';
export { describeProblem } from './problem-text.ts';
export type { Problem, ProblemCode } from './problem.ts';
export { saveConfiguration, updateConfiguration, type SaveOptions } from './save.ts';
export {
  daysOfWeek,
  type AlertReceiver,
  type AlertSettings,
  type BackupSet,
  type BackupSetInput,
  type Configuration,
  type DayOfWeek,
  type DrillSettings,
  type ExpectedServer,
  type GeneralInput,
  type GeneralSettings,
  type GoogleDriveSettings,
  type StorageSettings,
  type Heartbeat,
  type Instruction,
  type MailServer,
  type OffsiteCopy,
  type OffsiteCopyInput,
  type Rates,
  type ReadableCopies,
  type SetLimits,
  type SetRetention,
  type SetSchedule,
} from './schema.ts';
export { withoutSecrets } from './without-secrets.ts';
export { watchConfiguration, type WatchOptions } from './watch.ts';
