/**
 * Native: calls of the system that Node does not have, through koffi, which a package for one system brings along. Nothing else loads it;
 * where it is missing, what needs it does without and says so.
 */
export {
  accessEntries,
  controlFlags,
  ownerOnlyDescriptor,
  parseSecurityDescriptor,
  sidText,
  type AccessEntry,
  type SecurityDescriptor,
} from './security-descriptor.ts';
export { modifiedNs } from './modified-time.ts';
export {
  fileAttributes,
  nativeWindowsFiles,
  WindowsFiles,
  type WindowsAttributeProblem,
  type WindowsAttributes,
  type WindowsFileTimes,
} from './windows-files.ts';
export type { Koffi, NativeFunction, NativeLibrary, NativeValue } from './koffi.ts';
