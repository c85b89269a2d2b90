import * as z from 'zod';
import { notification, read } from '../procedure.ts';
import { errorData } from './life.ts';

export type ServersReport = z.infer<typeof serversReport>;
export type ServerInfo = z.infer<typeof serverInfo>;
export type ServerBackups = z.infer<typeof serverBackups>;
export type SeenRepositoryInfo = z.infer<typeof seenRepository>;

export const serverState = z.enum(['in-time', 'late', 'silent', 'retired', 'unknown']);

/** What a server backs up into a repository. Times are RFC 3339. */
const serverBackups = z.object({
  /** Missing: the configuration expects them, and no repository that was looked at has any. */
  location: z.string().exactOptional(),
  set: z.string().exactOptional(),
  /** Of the newest snapshot. */
  paths: z.array(z.string()).readonly(),
  state: serverState,
  /** Of the state `unknown`. */
  why: z.enum(['not-looked', 'no-measure', 'future']).exactOptional(),
  newest: z.object({ id: z.string(), time: z.string(), bytes: z.number().exactOptional() }).exactOptional(),
  snapshots: z.number(),
  /** When the last good one began. Later than `newest` where a set of this server found nothing new to store. */
  lastGood: z.string().exactOptional(),
  /** When it was looked at. Missing of what is not known. */
  ageHours: z.number().exactOptional(),
  /** How old it may be, and who says so. */
  measure: z.object({ hours: z.number(), by: z.enum(['configuration', 'schedule', 'rhythm']) }).exactOptional(),
  /** Of when this is. Missing: the repository was never looked at. */
  lookedAt: z.string().exactOptional(),
});

const serverInfo = z.object({
  /** As its snapshots name it; empty where they name none. */
  host: z.string(),
  /** It is the one that answers. */
  isOwn: z.boolean(),
  state: serverState,
  /** Over all that it backs up, as the newest snapshots have it. Missing where one does not say. */
  bytes: z.number().exactOptional(),
  backups: z.array(serverBackups).readonly(),
});

const seenRepository = z.object({
  location: z.string(),
  state: z.enum(['seen', 'looking', 'failed', 'never-looked']),
  lookedAt: z.string().exactOptional(),
  /** Of the state `failed`. */
  error: errorData.exactOptional(),
  /** Snapshot files that are damaged: whose they are nobody knows. */
  unreadable: z.number(),
  /** Beyond `historiesMax`. */
  notNamed: z.number(),
});

const serversReport = z.object({
  at: z.string(),
  /** Trouble first, then by name. */
  servers: z.array(serverInfo).readonly(),
  /** Those of the configured sets. */
  repositories: z.array(seenRepository).readonly(),
});

/** As of the last look; nothing is read for it. */
export const listServers = read('servers/list', { result: serversReport });
/** Looks at every repository side by side, and answers when each has answered, or has not for a minute. Asks nobody for a password. */
export const lookAtServers = read('servers/look', { result: serversReport });
/** A look at a repository began or ended: `servers/list` has another answer. Sent at most four times a second. */
export const serversChanged = notification('servers/changed');
