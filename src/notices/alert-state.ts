import { join } from 'node:path';
import * as z from 'zod';
import { readFile, replaceFile, systemCode, type Random } from '../platform/index.ts';
import { messageKinds, sectionSchema, type DeepReadonly } from './message.ts';

const count = z.number().min(0);

/** What waits for a receiver. */
const waitingMessage = z.object({
  receiver: z.string(),
  kind: z.enum(messageKinds),
  /** Once it has one, it may have been sent: it stays as it is, and what comes later is another message. */
  id: z.string().exactOptional(),
  sections: z.array(sectionSchema),
  left: count,
  /** Not sent before this instant, in milliseconds since 1970. */
  notBeforeMs: z.number(),
});

/** How a run ended, for an address that watches over silence. */
const waitingPing = z.object({
  heartbeat: z.string(),
  set: z.string(),
  end: z.enum(['success', 'fail']),
  body: z.string(),
  /** When the run ended. */
  atMs: z.number(),
});

/** Since when, and why: a code with its facts, for whoever shows it. */
const failing = z.object({
  sinceMs: z.number(),
  tries: count,
  code: z.string(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
});

const stateSchema = z.object({
  version: z.literal(1),
  /** The history that is read, and the last record of it that was. */
  chain: z.string(),
  through: count,
  /** By receiver and topic: the state that it was told of. */
  told: z.record(z.string(), z.record(z.string(), z.string())),
  messages: z.array(waitingMessage),
  pings: z.array(waitingPing),
  /** By receiver, or by heartbeat (`heartbeat NAME`). */
  failing: z.record(z.string(), failing),
  sentMs: z.record(z.string(), z.number()),
  /** By receiver: until when it has had its summaries. */
  weeklyMs: z.record(z.string(), z.number()),
  /** Places that have too little space, as the records have it. */
  low: z.array(z.string()),
});

export type AlertState = DeepReadonly<z.infer<typeof stateSchema>>;
export type WaitingMessage = AlertState['messages'][number];
export type WaitingPing = AlertState['pings'][number];
export type Failing = AlertState['failing'][string];

/** Nothing before this record is told. */
export function freshState(chain: string, through: number): AlertState {
  return { version: 1, chain, through, told: {}, messages: [], pings: [], failing: {}, sentMs: {}, weeklyMs: {}, low: [] };
}

/** Where what has to survive a crash is kept: one value, which is written as a whole. */
export interface AlertStore {
  /** Undefined before the first `write`, and where what is there helps nobody. @throws the system's errors */
  read(): Promise<AlertState | undefined>;
  /** It is on the disk when this resolves, completely; before, that which was there is. @throws the system's errors */
  write(state: AlertState): Promise<void>;
}

/** `alerts.json` in the state folder. Nothing in it is a secret: addresses and passwords are looked up when something is sent. */
export class AlertFile implements AlertStore {
  readonly #path: string;
  readonly #random: Random;

  constructor(stateFolder: string, random: Random) {
    this.#path = join(stateFolder, 'alerts.json');
    this.#random = random;
  }

  async read(): Promise<AlertState | undefined> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return stateSchema.parse(JSON.parse(text));
    } catch {
      return undefined; // it is written as a whole: somebody else's hand, or a later version
    }
  }

  async write(state: AlertState): Promise<void> {
    await replaceFile(this.#path, JSON.stringify(state), this.#random);
  }
}
