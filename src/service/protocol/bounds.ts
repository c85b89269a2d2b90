import * as z from 'zod';
import { isByteString, type ByteString } from '../../platform/index.ts';

/*
 * What a client may send. Text may be as long as the longest path of any system; what makes work or memory grow has a bound of its own.
 */
const textMax = 32_768;
export const pageEntriesMax = 10_000;
/** More servers and sets than this in one repository are counted, and not named. */
export const historiesMax = 2000;
export const text = z.string().min(1).max(textMax);
/** What somebody types in one line. */
export const line = z.string().max(1000);
export const offset = z
  .int()
  .min(0)
  .max(2 ** 31);
export const day = z.string().regex(/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, 'a day such as 2026-11-23 is wanted');
export const snapshotId = z.string().regex(/^(?:latest|[0-9a-fA-F]{1,64})$/, 'an id, or the beginning of one, is wanted');
/** In a snapshot; `/` is all of it. */
export const bytePath = z.custom<ByteString>(
  (value) => typeof value === 'string' && value.length <= textMax && /^\/[^\0]*$/.test(value) && isByteString(value),
  'a byte string that begins with / is wanted',
);
export const ofSet = z.object({ set: text });
export const ofRepository = z.object({ location: text });
/** As the socket carries them: behind the JSON, as they are. */
export const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'bytes are wanted');
export const runId = z.string().min(1).max(200);
/** Of what makes a run: any text that no run has yet. Its record keeps it. A backup that joins one that goes on has the id of that one. */
export const ofRun = z.object({ run: runId.exactOptional() });
/** Of a snapshot that no rule and nobody removes. `until`: the last day of a hold; one without it lasts until somebody takes it away. */
export const protection = z.object({ kind: z.enum(['protected', 'held']), until: z.string().exactOptional() });
