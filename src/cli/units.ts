import { formatAsRestic, l10n } from '../platform/index.ts';

const unitNames = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** A size as restic shows it: `995 B`, `1.889 KiB`, `2.861 MiB`. */
export function sizeText(bytes: number | bigint): string {
  let value = Number(bytes);
  let unit = 0;
  // Rounded to three places, 1023.9996 would show as 1024.000.
  while (Math.round(value * 1000) / 1000 >= 1024 && unit < unitNames.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${value} B` : `${formatAsRestic(value, 3)} ${unitNames[unit]}`;
}

/** A duration as restic shows it: `0:07`, `12:30`, `1:02:03`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** What is counted. */
export type Noun = keyof typeof nouns;

/** `1 file`, `2 files`; digits without separators, as scripts may look for them. */
export function countText(count: number, noun: Noun): string {
  const [one, many] = nouns[noun];
  return count === 1 ? one() : many(count);
}

const nouns = {
  file: [() => l10n.t('1 file'), (count: number) => l10n.t('{0} files', count)],
  folder: [() => l10n.t('1 folder'), (count: number) => l10n.t('{0} folders', count)],
  link: [() => l10n.t('1 link'), (count: number) => l10n.t('{0} links', count)],
  exception: [() => l10n.t('1 exception'), (count: number) => l10n.t('{0} exceptions', count)],
  snapshot: [() => l10n.t('1 snapshot'), (count: number) => l10n.t('{0} snapshots', count)],
  socket: [() => l10n.t('1 socket'), (count: number) => l10n.t('{0} sockets', count)],
  pack: [() => l10n.t('1 pack'), (count: number) => l10n.t('{0} packs', count)],
  blob: [() => l10n.t('1 blob'), (count: number) => l10n.t('{0} blobs', count)],
  error: [() => l10n.t('1 error'), (count: number) => l10n.t('{0} errors', count)],
  lock: [() => l10n.t('1 lock'), (count: number) => l10n.t('{0} locks', count)],
  server: [() => l10n.t('1 server'), (count: number) => l10n.t('{0} servers', count)],
  path: [() => l10n.t('1 path'), (count: number) => l10n.t('{0} paths', count)],
  'index file': [() => l10n.t('1 index file'), (count: number) => l10n.t('{0} index files', count)],
  'repository file': [() => l10n.t('1 repository file'), (count: number) => l10n.t('{0} repository files', count)],
} as const;
