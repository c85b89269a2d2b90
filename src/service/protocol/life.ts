import * as z from 'zod';
import { change, notification, read } from '../procedure.ts';
import { bytes } from './bounds.ts';

export type ErrorData = z.infer<typeof errorData>;
export type LogLine = z.infer<typeof logLine>;
export type InitializeParams = z.infer<typeof initialize.params>;
export type InitializeResult = z.infer<typeof initialize.result>;
export type ProveUserParams = z.infer<typeof proveUser.params>;
export type PasswordParams = z.infer<typeof password.params>;
export type UnknownHostParams = z.infer<typeof confirmHost.params>;
export type PasswordAnswer = z.infer<typeof password.result>;

/** The facts of a `CadanganError`, as plain data. */
export const facts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string()).readonly()]));

/** What travels as `data` of an error. */
export const errorData = z.object({
  code: z.string(),
  facts,
  /** In the service's language, for logs. */
  message: z.string(),
});

const logLine = z.object({ level: z.enum(['debug', 'info', 'warning', 'error']), message: z.string() });

/** First of all: how the client wants to be spoken to. Nothing else is answered before. `user`: of a host, for whom it asks. */
export const initialize = read('initialize', {
  params: z.object({ language: z.enum(['en', 'id']), via: z.enum(['editor', 'command-line']), user: z.string().max(300).exactOptional() }),
  result: z.object({
    version: z.string(),
    pid: z.number(),
    configFile: z.string(),
    hostId: z.string(),
    /** As `ConfigurationInfo` has it: what comes later can be read at once. */
    timeZone: z.string().exactOptional(),
  }),
});
const hex = z.string().regex(/^[0-9a-f]{32}$/);
/** To the client: make a file of this name that says this, in the folder for proofs of the state folder. The system then says who it is. */
export const proveUser = read('proveUser', { params: z.object({ name: hex, said: hex }), result: z.boolean() });
/**
 * Stop at the next safe point, release locks, write what is to be written, exit. Answers when it has begun to, false where the client is of
 * an older version: then it goes on.
 */
export const leave = change('leave', { result: z.boolean() });
/** The host ends because it is to, or nobody needs it: no trouble, and whoever wants something may start another. */
export const leaving = notification('leaving');
/** To the client: a password that only it can have. Text where somebody typed it, else bytes. `undefined`: nobody can say. */
export const password = read('password', {
  params: z.object({
    location: z.string(),
    /** The last answer was wrong. */
    wasWrong: z.boolean(),
    /** A person is waiting; otherwise only what is stored counts. */
    mayAsk: z.boolean(),
  }),
  result: z.union([z.string(), bytes]).optional(),
});
/**
 * To the client: whether a server that was never met before is the right one, as a person says who has compared what it shows. False where
 * nobody can be asked: then it is refused.
 */
export const confirmHost = read('confirmHost', {
  params: z.object({ location: z.string(), host: z.string(), port: z.number(), keyType: z.string(), fingerprint: z.string() }),
  result: z.boolean(),
});
export const log = notification('log', logLine);
