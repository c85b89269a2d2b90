import { link, mkdir, open, readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CadanganError, systemCode, type Clock, type Random } from '../platform/index.ts';
import { hasEnded, parseIdentity, thisProcess } from './process-identity.ts';

/*
 * One process at a time appends. Node has no lock that the system frees, so there are *tickets*: files with ascending numbers in one
 * folder, each naming its process. Whoever made the highest one holds the lock, until it lays a file `N.free` beside it or its process has
 * ended; then the next makes N+1, which only one can. The highest is never removed, and those just below it stay for a while: so two that
 * look at the same time cannot both believe in a lower one. Whoever is killed leaves nothing that somebody would have to clean up.
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

/** A holder that cannot be asked (another machine on a shared folder, a stopped process) is given so long; an append takes milliseconds. */
const patienceMs = 60_000;
/** How long to wait for others altogether. */
const waitMsMax = 5 * 60_000;
const waitStepMs = 4;
const ticketsKept = 16;

/** In one process appends queue here, which is cheaper and fair. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Does `work` while nobody else, in this or another process, is in here for the same folder.
 * @throws `records.busy` after five minutes; the system's errors
 */
export async function withAppendLock<T>(folder: string, world: LockWorld, work: (lock: AppendLock) => Promise<T>): Promise<T> {
  const before = queues.get(folder) ?? Promise.resolve();
  const done = before.then(() => lockedWork(folder, world, work));
  const settled = done.catch(() => undefined);
  queues.set(folder, settled);
  try {
    return await done;
  } finally {
    if (queues.get(folder) === settled) queues.delete(folder);
  }
}

async function lockedWork<T>(folder: string, world: LockWorld, work: (lock: AppendLock) => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const number = await takeTicket(folder, world);
  const confirm = async (): Promise<void> => {
    if ((await newestTicket(folder))?.number !== number) throw new CadanganError('records.busy', { folder });
  };
  try {
    await removeOld(folder, number);
    return await work({ confirm });
  } finally {
    await writeFile(join(folder, `${number}.free`), '', { mode: 0o600 });
  }
}

async function takeTicket(folder: string, { clock, random }: LockWorld): Promise<number> {
  const wish = join(folder, `wish-${process.pid}-${Buffer.from(random.fill(new Uint8Array(8))).toString('hex')}`);
  const startMs = clock.monotonicMs();
  let watched: { readonly number: number; readonly sinceMs: number } | undefined;
  await writeFile(wish, JSON.stringify(thisProcess()), { mode: 0o600, flag: 'wx' });
  try {
    for (;;) {
      const newest = await newestTicket(folder);
      if (newest === undefined || newest.isFree || (await isAbandoned(folder, newest.number))) {
        const number = (newest?.number ?? 0) + 1;
        if (await claim(folder, wish, number)) return number;
        continue;
      }
      const nowMs = clock.monotonicMs();
      if (watched?.number !== newest.number) watched = { number: newest.number, sinceMs: nowMs };
      else if (nowMs - watched.sinceMs > patienceMs && (await claim(folder, wish, newest.number + 1))) return newest.number + 1;
      if (nowMs - startMs > waitMsMax) throw new CadanganError('records.busy', { folder });
      await clock.sleep(waitStepMs + (random.fill(new Uint8Array(1))[0] ?? 0) / 32);
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

async function isAbandoned(folder: string, number: number): Promise<boolean> {
  try {
    const holder = parseIdentity(await readFile(join(folder, String(number)), 'utf8'));
    return holder !== undefined && hasEnded(holder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false; // others have gone on meanwhile
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
    await handle.writeFile(JSON.stringify(thisProcess()));
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
    const wisher = /^wish-(\d{1,10})-/.exec(name)?.[1];
    const isOld =
      ticket !== undefined
        ? Number(ticket) <= number - ticketsKept
        : wisher !== undefined && Number(wisher) !== process.pid && isGone(Number(wisher));
    if (isOld) await unlink(join(folder, name)).catch(() => undefined);
  }
}

function isGone(pid: number): boolean {
  return hasEnded({ ...thisProcess(), pid, start: '' });
}
