import { formatExact } from './go-json.ts';
import { JsonFields } from './json-fields.ts';

/** Who holds a lock, and since when it was last refreshed. */
export interface Lock {
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly exclusive: boolean;
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
  /** 0 when absent, as on Windows. */
  readonly uid: number;
  readonly gid: number;
}

/** @throws `repository.damaged` */
export function parseLock(bytes: Uint8Array): Lock {
  const fields = JsonFields.parse('lock', bytes);
  return {
    time: fields.time('time'),
    exclusive: fields.flag('exclusive'),
    hostname: fields.text('hostname'),
    username: fields.text('username'),
    // Go's int: restic does not bound it, and a strange one must not hide a lock.
    pid: fields.integer('pid', Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
    uid: fields.integer('uid', 0xffff_ffff),
    gid: fields.integer('gid', 0xffff_ffff),
  };
}

export function serializeLock(lock: Lock): Uint8Array {
  const { time, exclusive, hostname, username, pid, uid, gid } = lock;
  return Buffer.from(formatExact({ time, exclusive, hostname, username, pid, ...(uid !== 0 && { uid }), ...(gid !== 0 && { gid }) }));
}
