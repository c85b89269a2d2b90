import { formatBytes, formatDate, formatDuration, l10n } from '../../platform/index.ts';
import {
  measureText,
  serverReasonText,
  serverStateText,
  type ErrorData,
  type SeenRepositoryInfo,
  type ServerBackups,
  type ServerInfo,
  type ServersReport,
} from '../../service/index.ts';
import { countText } from './counts.ts';
import { describeError } from './error-text.ts';
import { iconOfServer } from './icons.ts';
import { instantOf } from './instants.ts';
import { harmless } from './plain-text.ts';
import { joined, whenText, type Row } from './set-row.ts';

type Fact = readonly [name: string, value: string];

/** Of a younger look nobody needs to know when it was: it is in the header. */
const freshNs = 3_600_000_000_000n;

/** The row of a server: how it is, in a word beside the icon, its last good backup, its size; as of when, where that is not just now. */
export function serverRow({ host, isOwn, state, bytes, backups }: ServerInfo, nowNs: bigint): Row {
  const name = hostText(host);
  const last = lastGoodOf(backups);
  const description = joined([
    serverStateText(state),
    last === undefined ? undefined : whenText(last, nowNs),
    bytes === undefined || last === undefined ? undefined : formatBytes(bytes),
    isOwn ? l10n.t('this server') : undefined,
    asOfText(backups, nowNs),
  ]);
  return {
    id: `server:${host}`,
    label: name,
    description,
    icon: iconOfServer(state),
    context: 'server',
    spoken: joined([l10n.t('Server {name}', { name }), description], ', '),
  };
}

/** The row of what a server backs up, under it. */
export function backupsRow(host: string, backups: ServerBackups, nowNs: bigint): Row {
  const { location = '', set, paths, state, lastGood, measure, newest } = backups;
  const label = harmless(set ?? paths.join(', '));
  const word = serverStateText(state);
  const reason = serverReasonText(backups);
  const description = joined([
    reason === undefined ? word : l10n.t('{state}: {why}', { state: word, why: reason }),
    lastGood === undefined ? undefined : whenText(lastGood, nowNs),
    measure === undefined ? undefined : l10n.t('objective {hours}', { hours: measureText(measure) }),
    newest?.bytes === undefined ? undefined : formatBytes(newest.bytes),
    harmless(location),
    asOfText([backups], nowNs),
  ]);
  return {
    id: `server:${host}:${location}:${set === undefined ? `paths ${paths.join('\n')}` : `set ${set}`}`,
    label,
    description,
    icon: iconOfServer(state),
    context: 'server-backups',
    spoken: joined([label, description], ', '),
  };
}

/** A repository that has not told all: a click does what helps. Undefined of one that has. */
export function unseenRow({ location, state, error, lookedAt, unreadable, notNamed }: SeenRepositoryInfo, nowNs: bigint): Row | undefined {
  const name = harmless(location);
  const row = (kind: string, description: string, icon: Row['icon']): Row => ({
    id: `server-repository:${location}`,
    label: name,
    description,
    icon,
    context: `server-repository.${kind}`,
    spoken: joined([l10n.t('Repository {name}', { name }), description], ', '),
  });
  if (state === 'looking') return row('looking', l10n.t('being looked at'), { name: 'sync~spin' });
  if (state !== 'seen') {
    const before =
      lookedAt === undefined ? l10n.t('never looked at') : l10n.t('last looked at {when}', { when: whenText(lookedAt, nowNs) });
    return row('failed', joined([l10n.t('not looked at'), before, error && harmless(describeError(error).what)]), {
      name: 'question',
      color: 'list.warningForeground',
    });
  }
  if (unreadable === 0 && notNamed === 0) return undefined;
  const parts = [
    unreadable === 0 ? undefined : l10n.t('{snapshots} cannot be read', { snapshots: countText(unreadable, 'snapshot') }),
    notNamed === 0 ? undefined : l10n.t('{count} more are not named', { count: notNamed }),
  ];
  return row('partly', joined(parts), { name: 'warning', color: 'list.warningForeground' });
}

/** What the mouse sees over what a server backs up. */
export function backupsFacts(host: string, backups: ServerBackups): readonly Fact[] {
  const { location, set, paths, state, newest, snapshots, lastGood, ageHours, measure, lookedAt } = backups;
  const reason = serverReasonText(backups);
  const facts: readonly (readonly [string, string | undefined])[] = [
    [l10n.t('Server'), hostText(host)],
    [l10n.t('State'), joined([serverStateText(state), reason], ': ')],
    [l10n.t('Last good backup'), lastGood === undefined ? l10n.t('never') : formatDate(instantOf(lastGood))],
    [l10n.t('Age'), ageHours === undefined ? undefined : formatDuration(ageHours * 3_600_000)],
    [l10n.t('Objective (RPO)'), measure && measureText(measure)],
    [l10n.t('Size'), newest?.bytes === undefined ? undefined : formatBytes(newest.bytes)],
    [l10n.t('Set'), set],
    [l10n.t('Sources'), paths.join(', ')],
    [l10n.t('Snapshot'), newest?.id.slice(0, 8)],
    [l10n.t('Snapshots'), String(snapshots)],
    [l10n.t('Repository'), location],
    [l10n.t('Looked at'), lookedAt === undefined ? l10n.t('never') : formatDate(instantOf(lookedAt))],
  ];
  return facts.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, harmless(value)] as const]));
}

/** What the mouse sees over a server. */
export function serverFacts({ host, state, bytes, backups }: ServerInfo): readonly Fact[] {
  const [only, ...others] = backups;
  if (only !== undefined && others.length === 0) return backupsFacts(host, only);
  const last = lastGoodOf(backups);
  const looked = backups.flatMap(({ lookedAt }) => lookedAt ?? []).toSorted();
  return [
    [l10n.t('Server'), hostText(host)],
    [l10n.t('State'), serverStateText(state)],
    [l10n.t('Last good backup'), last === undefined ? l10n.t('never') : formatDate(instantOf(last))],
    ...(bytes === undefined ? [] : [[l10n.t('Size'), formatBytes(bytes)] as const]),
    [l10n.t('Looked at'), looked[0] === undefined ? l10n.t('never') : formatDate(instantOf(looked[0]))],
  ];
}

/** `looked at 21:05`: of the repository whose look is the oldest. Undefined where none was looked at. */
export function lookedAtText({ repositories }: ServersReport, nowNs: bigint): string | undefined {
  const [oldest] = repositories.flatMap(({ lookedAt }) => lookedAt ?? []).toSorted((a, b) => (instantOf(a) < instantOf(b) ? -1 : 1));
  return oldest === undefined ? undefined : l10n.t('looked at {when}', { when: whenText(oldest, nowNs) });
}

/** `as of 21:05`, of the oldest look: *in time* is no more than what was seen then. Undefined of what was looked at just now. */
function asOfText(backups: readonly ServerBackups[], nowNs: bigint): string | undefined {
  const old = backups.flatMap(({ lookedAt }) => (lookedAt === undefined || nowNs - instantOf(lookedAt) <= freshNs ? [] : [lookedAt]));
  const [oldest] = old.toSorted((a, b) => (instantOf(a) < instantOf(b) ? -1 : 1));
  return oldest === undefined ? undefined : l10n.t('as of {when}', { when: whenText(oldest, nowNs) });
}

/** `empty`: there are sets, and nobody has backed up yet. `refused`: the service tells its administrators alone. */
export type ServersState = 'unknown' | 'none' | 'empty' | 'some' | 'failed' | 'refused';

/** What the view of servers has to show. @param error of the last question */
export function serversStateOf(report: ServersReport | undefined, error: ErrorData | undefined): ServersState {
  if (error !== undefined) return error.code === 'rights.denied' ? 'refused' : 'failed';
  if (report === undefined) return 'unknown';
  const { servers, repositories } = report;
  if (servers.length > 0 || repositories.some(({ state }) => state !== 'seen')) return 'some';
  return repositories.length > 0 ? 'empty' : 'none';
}

/** How many somebody should look at. */
export function troubledServers({ servers }: ServersReport): number {
  return servers.filter(({ state }) => state === 'silent' || state === 'late').length;
}

function hostText(host: string): string {
  return host === '' ? l10n.t('(no name)') : harmless(host);
}

function lastGoodOf(backups: readonly ServerBackups[]): string | undefined {
  return backups
    .flatMap(({ lastGood }) => lastGood ?? [])
    .reduce<string | undefined>((newest, one) => (newest === undefined || instantOf(one) > instantOf(newest) ? one : newest), undefined);
}
