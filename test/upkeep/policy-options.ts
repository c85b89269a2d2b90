import { parseBlobId, parseSnapshotId, parseTimestamp, type StoredSnapshot } from '../../src/repository/index.ts';
import { parseCalendarDuration, periods, type KeepCount, type Period, type RetentionPolicy } from '../../src/upkeep/index.ts';

/** As a person writes it: `--keep-daily 7 --keep-tag a,b`. */
export function policyOf(flags: string): RetentionPolicy {
  const counts: Partial<Record<'last' | Period, KeepCount>> = {};
  const within: Partial<Record<'all' | Period, ReturnType<typeof parseCalendarDuration>>> = {};
  const tags: string[][] = [];
  for (const [, name = '', value = ''] of flags.matchAll(/--keep-(\S+) (\S+)/g)) {
    const period = periods.find((one) => name.endsWith(one));
    if (name === 'tag') tags.push(value.split(','));
    else if (name.startsWith('within')) within[period ?? 'all'] = parseCalendarDuration(value, `--keep-${name}`);
    else counts[period ?? 'last'] = value === 'unlimited' ? value : Number(value);
  }
  return { counts, within, tags };
}

/** A snapshot of which only the named things matter. */
export function snapshotAt(
  label: string,
  time: string,
  {
    tags = [],
    host = 'host',
    paths = ['/src'],
  }: { readonly tags?: readonly string[]; readonly host?: string; readonly paths?: readonly string[] } = {},
): StoredSnapshot {
  const id = parseSnapshotId(Buffer.from(label.padEnd(32, '.')).toString('hex').slice(0, 64));
  const snapshot = {
    time,
    tree: parseBlobId('0'.repeat(64)),
    paths,
    hostname: host,
    username: 'root',
    uid: 0,
    gid: 0,
    excludes: [],
    tags,
  };
  return { id, snapshot, timeNs: parseTimestamp(time).ns };
}
