import * as z from 'zod';
import { change, read } from '../procedure.ts';
import { text } from './bounds.ts';
import { errorData } from './life.ts';

export type AlertsInfo = z.infer<typeof alertsState.result>;
export type AlertTest = z.infer<typeof testAlert.result>['results'][number];

/** Since when somebody cannot be told, RFC 3339, and why. */
const failing = z.object({ since: z.string(), tries: z.number(), error: errorData });
const told = z.object({
  name: z.string(),
  /** How many messages wait. */
  waiting: z.number(),
  /** When something was sent last, RFC 3339. */
  sentAt: z.string().exactOptional(),
  failing: failing.exactOptional(),
});

/** Who is told of trouble, what waits, and who cannot be told. Cheap, and with no address in it. */
export const alertsState = read('alerts/state', {
  members: 'see',
  result: z.object({
    receivers: z.array(told.extend({ by: z.string() })).readonly(),
    heartbeats: z.array(told).readonly(),
  }),
});
/** Sends a test to one receiver, or to each; resolves when all have got it, or cannot. @throws `alert.unknown` */
export const testAlert = change('alerts/test', {
  params: z.object({ to: text.exactOptional() }),
  result: z.object({ results: z.array(z.object({ name: z.string(), by: z.string(), error: errorData.exactOptional() })).readonly() }),
});
/** To the client: show it to whoever sits there. `false`: it does not. */
export const showAlert = change('alerts/show', { params: z.object({ title: z.string(), text: z.string() }), result: z.boolean() });
