import * as z from 'zod';
import { isByteString, type ByteString } from '../platform/index.ts';
import type { BackupSetInput } from '../settings/index.ts';
import type * as protocol from './protocol.ts';

// zod would otherwise make parsers with `new Function`.
z.config({ jitless: true });

/*
 * What a window may send, with bounds. Text may be as long as the longest path of any system; what makes work or memory grow has a bound of
 * its own.
 */
const textMax = 32_768;
const pageEntriesMax = 10_000;
const text = z.string().min(1).max(textMax);
const bytePath = z.custom<ByteString>(
  (value) => typeof value === 'string' && value.length <= textMax && /^\/[^\0]*$/.test(value) && isByteString(value),
  'a byte string that begins with / is wanted',
);
/** Two of them at a time must fit into memory. */
const fileBytesMax = 512 * 1024 * 1024;
const set = z.object({ set: text });
const repository = z.object({ location: text });
const snapshotId = z.string().regex(/^(?:latest|[0-9a-fA-F]{1,64})$/, 'an id, or the beginning of one, is wanted');
const token = z.string().min(1).max(200).exactOptional();
const entry = repository.extend({ snapshot: snapshotId, path: bytePath });

export const initializeParams = z.object({
  configFile: text.exactOptional(),
  language: z.enum(['en', 'id']),
  stateFolder: text.exactOptional(),
  maySchedule: z.boolean(),
}) satisfies z.ZodType<protocol.InitializeParams>;

export const setParams = set satisfies z.ZodType<protocol.SetParams>;
export const startBackupParams = set.extend({ token }) satisfies z.ZodType<protocol.StartBackupParams>;
export const recentRunsParams = z.object({ limit: z.int().min(1).max(2000) }) satisfies z.ZodType<protocol.RecentRunsParams>;
export const repositoryParams = repository satisfies z.ZodType<protocol.RepositoryParams>;
export const initRepositoryParams = repository.extend({
  password: z.string().max(4096),
}) satisfies z.ZodType<protocol.InitRepositoryParams>;
export const recoveryKitParams = repository.extend({ withPassword: z.boolean() }) satisfies z.ZodType<protocol.RecoveryKitParams>;
export const checkParams = repository.extend({ readData: z.boolean(), token }) satisfies z.ZodType<protocol.CheckParams>;
export const entryParams = entry satisfies z.ZodType<protocol.EntryParams>;
export const folderParams = entry.extend({
  offset: z
    .int()
    .min(0)
    .max(2 ** 31),
  limit: z.int().min(1).max(pageEntriesMax),
}) satisfies z.ZodType<protocol.FolderParams>;
export const readFileParams = entry.extend({ maxBytes: z.int().min(0).max(fileBytesMax) }) satisfies z.ZodType<protocol.ReadFileParams>;
export const versionsParams = repository.extend({ path: bytePath }) satisfies z.ZodType<protocol.VersionsParams>;
export const compareParams = repository.extend({
  older: snapshotId,
  newer: snapshotId,
  maxChanges: z.int().min(1).max(100_000),
}) satisfies z.ZodType<protocol.CompareParams>;
export const findParams = repository.extend({
  pattern: text,
  limit: z.int().min(1).max(pageEntriesMax),
}) satisfies z.ZodType<protocol.FindParams>;
export const restoreParams = repository.extend({
  snapshot: snapshotId,
  paths: z.array(bytePath).min(1).max(pageEntriesMax),
  target: z.union([z.object({ kind: z.literal('original') }), z.object({ kind: z.literal('folder'), folder: text })]),
  overwrite: z.enum(['always', 'if-changed', 'if-newer', 'never']),
  token,
}) satisfies z.ZodType<protocol.RestoreParams>;

export const drillParams = z.object({
  from: z.enum(['backup-server', 'drive']).exactOptional(),
  set: text.exactOptional(),
  date: z
    .string()
    .regex(/^(?:newest|\d{4}-\d\d-\d\d)$/)
    .exactOptional(),
  sample: z
    .object({ files: z.int().min(1).max(1000).exactOptional(), maxBytes: z.int().min(1).exactOptional(), folder: text.exactOptional() })
    .exactOptional(),
  token,
}) satisfies z.ZodType<protocol.DrillParams>;

const copy = z.object({ copy: text });
export const driveSignInParams = z.object({ withDeviceCode: z.boolean() }) satisfies z.ZodType<protocol.DriveSignInParams>;
export const driveSignOutParams = z.object({ revoke: z.boolean() }) satisfies z.ZodType<protocol.DriveSignOutParams>;
export const copyParams = copy satisfies z.ZodType<protocol.CopyParams>;
export const copyRunParams = copy.extend({ token }) satisfies z.ZodType<protocol.CopyRunParams>;
export const readableCopyParams = copy.extend({
  set: text,
  snapshot: snapshotId.exactOptional(),
  token,
}) satisfies z.ZodType<protocol.ReadableCopyParams>;
export const addCopyParams = z.object({
  name: text,
  repository: text,
  to: text,
  drive: z.object({ account: text, clientFile: text }).exactOptional(),
}) satisfies z.ZodType<protocol.AddCopyParams>;

const day = z.string().regex(/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, 'a day such as 2026-11-23 is wanted');
const words = z.array(text).max(100).exactOptional();
const period = { from: day, to: day };
const said = z.string().trim().min(1).max(4096);
export const recordsParams = z.object({
  offset: z
    .int()
    .min(0)
    .max(2 ** 31),
  limit: z.int().min(1).max(1000),
  kinds: words,
  results: words,
  set: text.exactOptional(),
  snapshots: z.array(text).max(pageEntriesMax).exactOptional(),
  from: day.exactOptional(),
  to: day.exactOptional(),
}) satisfies z.ZodType<protocol.RecordsParams>;
export const recordParams = z.object({ number: z.int().min(1) }) satisfies z.ZodType<protocol.RecordParams>;
export const periodFileParams = z.object({ ...period, file: text }) satisfies z.ZodType<protocol.PeriodFileParams>;
export const reportParams = periodFileParams.extend({
  format: z.enum(['pdf', 'html', 'csv']),
  language: z.enum(['en', 'id']),
}) satisfies z.ZodType<protocol.ReportParams>;
export const approveParams = z.object({
  act: z.enum(['prepared', 'checked', 'approved']),
  ...period,
  name: said,
  position: said,
}) satisfies z.ZodType<protocol.ApproveParams>;
export const closeNonconformityParams = z.object({
  id: text,
  cause: said,
  correction: said,
  prevention: said.exactOptional(),
  name: said,
  position: said,
}) satisfies z.ZodType<protocol.CloseNonconformityParams>;
export const dashboardParams = z.object({ year: z.int().min(1970).max(9999) }) satisfies z.ZodType<protocol.DashboardParams>;

/** The settings room checks the values, as it does for what people write into the file. */
export const addSetParams = z.object({
  name: text,
  sources: z.array(text).max(1000),
  location: text,
  window: text.exactOptional(),
  onChange: z.boolean().exactOptional(),
  passwordFile: text.exactOptional(),
}) satisfies z.ZodType<protocol.AddSetParams>;

export function backupSetInputOf({ name, sources, location, window, onChange, passwordFile }: protocol.AddSetParams): BackupSetInput {
  return {
    name,
    sources,
    repository: { location, ...(passwordFile !== undefined && { passwordFile }) },
    ...(onChange === true ? { schedule: { onChange: {} } } : window !== undefined && { schedule: { window } }),
  };
}
