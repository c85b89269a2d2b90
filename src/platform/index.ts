/**
 * Platform: what every other room stands on. Typed errors, the clock and the random source (both are parameters, so that
 * a test can replay a whole history from one seed), names as bytes, where files of ours lie, and the language of people.
 */
export * from './environment.ts';
export * from './errors.ts';
export * from './clock.ts';
export * from './random.ts';
export * from './raw-text.ts';
export * from './as-owner.ts';
export * from './discard.ts';
export * from './patience.ts';
export {
  appendFile,
  open,
  openNow,
  openSource,
  openSourceNow,
  patientFiles,
  readFile,
  rename,
  renameNow,
  rm,
  rmdir,
  rmdirNow,
  rmNow,
  sourceFiles,
  unlink,
  unlinkNow,
  writeFile,
  type FileCalls,
} from './patient-files.ts';
export * from './replace-file.ts';
export * from './system.ts';
export * from './system-codes.ts';
export { canonicalPath, claimName, exclusiveName, holdName, tryToConnect, type Claim, type ExclusiveName } from './exclusive-name.ts';
export { writeDocument } from './write-document.ts';
export * from './write-whole.ts';
export * from './byte-string.ts';
export * from './byte-order-mark.ts';
export * from './password.ts';
export * from './assets.ts';
export * from './machine-service.ts';
export * from './machine-path.ts';
export * from './make-folder.ts';
export * from './names-in-folder.ts';
export { upperCaseOfWindows } from './ntfs-names.ts';
export * from './memory.ts';
export * from './moved-state.ts';
export * from './native/index.ts';
export * from './network-mount.ts';
export { exposureOf, keepForOwner, makeOwnFile, makeOwnFolder, makeOwnFolderNow, readersBeside, type Exposure } from './owner-only.ts';
export * from './for-each-bounded.ts';
export * from './or-aborted.ts';
export * from './path-pattern.ts';
export * from './pattern-file.ts';
export * from './location-scheme.ts';
export * from './paths.ts';
export * from './rate-limiter.ts';
export * from './size-text.ts';
export * from './snapshot-paths.ts';
export * from './l10n.ts';
export * from './describe-fault.ts';
export type { FaultWords } from './fault-words.ts';
export * from './locale.ts';
export * from './formats.ts';
export { holdText } from './hold-text.ts';
export * from './html.ts';
export * from './task-threads.ts';
export * from './time-zone.ts';
export * from './version.ts';
export * from './windows-path.ts';
export { programInPath, windowsProgram } from './windows-programs.ts';
