import { link, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CadanganError,
  makeOwnFolder,
  open,
  orAborted,
  readFile,
  systemCode,
  throwIfAborted,
  unlink,
  writeFile,
  type Clock,
  type Random,
} from '../platform/index.ts';
import { hasEnded, isOfHere, parseIdentity, thisProcess } from './process-identity.ts';

/*
 * One process at a time appends. Node has no lock that the system frees, so there are *tickets*: files with ascending numbers in one
 * folder, each naming its process. Whoever made the highest one holds the lock, until it lays a file `N.free` beside it or its process has
 * ended; then the next makes N+1, which only one can. The highest is never removed, and those just below it stay for a while: so two that
 * look at the same time cannot both believe in a lower one. Whoever is killed leaves nothing that somebody would have to clean up. Whether
 * a process of another machine has ended nobody here can say, so whoever holds the lock renews its ticket, and what is not renewed is of
 * the dead.
 */

export interface LockWorld {
  readonly clock: Clock;
  readonly random: Random;
}

/** Holding the lock. */
export interface AppendLock {
  /** To be called right before something is written. @throws `records.busy` when somebody took us for dead */
  confirm(): Promise<void>;
}

/** A holder that lives and does not come to an end (a stopped process) is given so long; an append takes milliseconds. */
const patienceMs = 60_000;
/** One of elsewhere that does not renew its ticket is given so long. Before it writes it looks whether somebody took it for dead. */
const patienceElsewhereMs = 10_000;
const renewMs = 2_000;
/** How long to wait for others altogether. */
const waitMsMax = 5 * 60_000;
const waitStepMs = 4;
const ticketsKept = 16;

/** In one process appends queue here, which is cheaper and fair. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Does `work` while nobody else, in this or another process, is in here for the same folder.
 * @param signal ends the wait for others; `work` itself goes on to its end
 * @throws `records.busy` after five minutes; `aborted`; the system's errors
 */
export async function withAppendLock<T>(
  folder: string,
  world: LockWorld,
  work: (lock: AppendLock) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const before = queues.get(folder) ?? Promise.resolve();
  const done = before.then(() => lockedWork(folder, world, work, signal));
  const settled = done.catch(() => undefined);
  queues.set(folder, settled);
  void settled.then(() => {
    if (queues.get(folder) === settled) queues.delete(folder);
  });
  await orAborted(before, signal);
  return done;
}

async function lockedWork<T>(
  folder: string,
  world: LockWorld,
  work: (lock: AppendLock) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  throwIfAborted(signal);
  await makeOwnFolder(folder);
  const number = await takeTicket(folder, world, signal);
  const working = new AbortController();
  const renewing = renew(join(folder, String(number)), world, working.signal);
  const confirm = async (): Promise<void> => {
    if ((await newestTicket(folder))?.number !== number) throw new CadanganError('records.busy', { folder });
  };
  try {
    await removeOld(folder, number);
    return await work({ confirm });
  } finally {
    working.abort();
    await renewing;
    await writeFile(join(folder, `${number}.free`), '', { mode: 0o600 });
  }
}

/** A clock of another machine may differ: what others see is that the text is another one. */
async function renew(path: string, { clock }: LockWorld, signal: AbortSignal): Promise<void> {
  for (let renewed = 1; ; renewed++) {
    await clock.sleep(renewMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    await writeFile(path, ticketText(renewed), { flag: 'r+' }).catch(() => undefined); // a share that is away for a moment
  }
}

function ticketText(renewed: number): string {
  return JSON.stringify({ ...thisProcess(), renewed });
}

async function takeTicket(folder: string, { clock, random }: LockWorld, signal: AbortSignal | undefined): Promise<number> {
  const wish = join(folder, `wish-${process.pid}-${Buffer.from(random.fill(new Uint8Array(8))).toString('hex')}`);
  const startMs = clock.monotonicMs();
  let watched: { readonly number: number; readonly text: string; readonly sinceMs: number } | undefined;
  await writeFile(wish, ticketText(0), { mode: 0o600, flag: 'wx' });
  try {
    for (;;) {
      throwIfAborted(signal);
      const newest = await newestTicket(folder);
      const holder = newest === undefined || newest.isFree ? undefined : await holderOf(folder, newest.number);
      if (newest === undefined || newest.isFree || holder?.hasEnded === true) {
        const number = (newest?.number ?? 0) + 1;
        if (await claim(folder, wish, number)) return number;
        continue;
      }
      const nowMs = clock.monotonicMs();
      const { text = '', patienceMs: patience = patienceMs } = holder ?? {};
      if (watched?.number !== newest.number || watched.text !== text) watched = { number: newest.number, text, sinceMs: nowMs };
      else if (nowMs - watched.sinceMs > patience && (await claim(folder, wish, newest.number + 1))) return newest.number + 1;
      if (nowMs - startMs > waitMsMax) throw new CadanganError('records.busy', { folder });
      await clock.sleep(waitStepMs + (random.fill(new Uint8Array(1))[0] ?? 0) / 32, signal).catch(() => undefined);
    }
  } finally {
    await unlink(wish).catch(() => undefined);
  }
}

interface Ticket {
  readonly number: number;
  readonly isFree: boolean;
}

async function newestTicket(folder: string): Promise<Ticket | undefined> {
  const names = await readdir(folder);
  const number = Math.max(0, ...names.map((name) => (/^\d{1,15}$/.test(name) ? Number(name) : 0)));
  return number === 0 ? undefined : { number, isFree: names.includes(`${number}.free`) };
}

interface Holder {
  readonly text: string;
  readonly hasEnded: boolean;
  /** How long it may hold the lock without a sign. */
  readonly patienceMs: number;
}

async function holderOf(folder: string, number: number): Promise<Holder | undefined> {
  try {
    const text = await readFile(join(folder, String(number)), 'utf8');
    const holder = parseIdentity(text);
    // Version 0.1 renews nothing.
    const isElsewhere = holder !== undefined && !isOfHere(holder) && text.includes('"renewed":');
    return {
      text,
      hasEnded: holder !== undefined && hasEnded(holder),
      patienceMs: isElsewhere ? patienceElsewhereMs : patienceMs,
    };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined; // others have gone on meanwhile
    throw error;
  }
}

/** Makes the ticket, whole at once, and looks whether it is the highest. */
async function claim(folder: string, wish: string, number: number): Promise<boolean> {
  const path = join(folder, String(number));
  try {
    await link(wish, path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS' && code !== 'EMLINK') throw error;
    if (!(await makeWithoutLink(path))) return false; // a file system without hard links
  }
  if ((await newestTicket(folder))?.number === number) return true;
  await unlink(path);
  return false;
}

async function makeWithoutLink(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx', 0o600);
    await handle.writeFile(ticketText(0));
    await handle.close();
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Of tickets long past, and of wishes whose process was killed. */
async function removeOld(folder: string, number: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const ticket = /^(\d{1,15})(?:\.free)?$/.exec(name)?.[1];
    const isOld =
      ticket === undefined ? name.startsWith('wish-') && (await isOfTheDead(join(folder, name))) : Number(ticket) <= number - ticketsKept;
    if (isOld) await unlink(join(folder, name)).catch(() => undefined);
  }
}

async function isOfTheDead(path: string): Promise<boolean> {
  const identity = parseIdentity(await readFile(path, 'utf8').catch(() => ''));
  return identity !== undefined && hasEnded(identity);
}
