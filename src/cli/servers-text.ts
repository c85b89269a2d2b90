import { describeError, safeText } from '../jobs/index.ts';
import { l10n, type Clock } from '../platform/index.ts';
import { parseTimestamp, type JsonValue } from '../repository/index.ts';
import {
  errorOfData,
  measureText,
  serverReasonText,
  serverStateText,
  type SeenRepositoryInfo,
  type ServerBackups,
  type ServerInfo,
  type ServersReport,
} from '../service/index.ts';
import type { CommandContext } from './command.ts';
import { jsonObject, printJson } from './json.ts';
import { tableLines, type Cell, type Column } from './table.ts';
import { localTimeText } from './time-argument.ts';
import { countText, sizeText } from './units.ts';

/** `cadangan servers` */
export function printServers({ terminal, globals, clock }: CommandContext, report: ServersReport): void {
  if (globals.json) return printJson(terminal, jsonOf(report));
  const { servers, repositories } = report;
  if (repositories.length === 0) {
    terminal.print(l10n.t('No repository is known: there are no backup sets. Name one with -r.'));
    return;
  }
  const rows = servers.flatMap((server) => rowsOf(server, clock));
  for (const line of tableLines(columns(), rows, footer(servers))) terminal.print(line);
  for (const repository of repositories) for (const line of repositoryLines(repository, clock)) terminal.print(line);
}

function columns(): Column[] {
  return [
    { title: l10n.t('Server') },
    { title: l10n.t('State') },
    { title: l10n.t('Backups of') },
    { title: l10n.t('Last good backup') },
    { title: l10n.t('Age'), align: 'right' },
    { title: l10n.t('Objective (RPO)') },
    { title: l10n.t('Size'), align: 'right' },
  ];
}

/** The server's own state stands beside its first backups where it has several that differ. */
function rowsOf({ host, state, backups }: ServerInfo, clock: Clock): (readonly Cell[])[] {
  const name = host === '' ? l10n.t('(no name)') : safeText(host);
  const differs = backups.some((one) => one.state !== state);
  const head = differs ? [[name, serverStateText(state), '', '', '', '', '']] : [];
  return [...head, ...backups.map((one, at) => [differs || at > 0 ? '' : name, ...cellsOf(one, clock)])];
}

function cellsOf(backups: ServerBackups, clock: Clock): readonly Cell[] {
  const { set, paths, lastGood, ageHours, measure, newest } = backups;
  const reason = serverReasonText(backups);
  const word = serverStateText(backups.state);
  return [
    reason === undefined ? word : `${word}: ${reason}`,
    set === undefined ? paths.map(safeText) : safeText(set),
    lastGood === undefined ? '-' : minuteText(lastGood, clock),
    ageHours === undefined ? '-' : ageText(ageHours),
    measure === undefined ? '-' : measureText(measure),
    newest?.bytes === undefined ? '-' : sizeText(newest.bytes),
  ];
}

function ageText(hours: number): string {
  return l10n.t('{hours} h', { hours: Math.floor(hours) });
}

function footer(servers: readonly ServerInfo[]): string {
  const states = Map.groupBy(servers, ({ state }) => state);
  const parts = [...states].map(([state, some]) => `${some.length} ${serverStateText(state)}`);
  const count = countText(servers.length, 'server');
  return parts.length === 0 ? count : `${count}: ${parts.join(', ')}`;
}

function repositoryLines({ location, state, lookedAt, error, unreadable, notNamed }: SeenRepositoryInfo, clock: Clock): string[] {
  const place = safeText(location);
  const at = lookedAt === undefined ? undefined : minuteText(lookedAt, clock);
  const why = error === undefined ? undefined : describeError(errorOfData(error)).what;
  const lines: string[] = [];
  if (state === 'seen' && at !== undefined) lines.push(l10n.t('{location}: looked at {when}.', { location: place, when: at }));
  else {
    const before = at === undefined ? l10n.t('It was never looked at.') : l10n.t('Last looked at {when}.', { when: at });
    lines.push(`${l10n.t('{location} was not looked at.', { location: place })}${why === undefined ? '' : ` ${why}`} ${before}`);
  }
  if (unreadable > 0)
    lines.push(
      l10n.t('{location}: {snapshots} cannot be read; whose they are is not known.', {
        location: place,
        snapshots: countText(unreadable, 'snapshot'),
      }),
    );
  if (notNamed > 0) lines.push(l10n.t('{location}: {count} more are not named.', { location: place, count: notNamed }));
  return lines;
}

function minuteText(time: string, clock: Clock): string {
  return localTimeText(parseTimestamp(time).ns, clock).slice(0, 16);
}

/** Names as in restic's JSON; what is not known is left out. */
function jsonOf({ at, servers, repositories }: ServersReport): JsonValue {
  return jsonObject({
    message_type: 'servers',
    at,
    servers: servers.map(({ host, isOwn, state, bytes, backups }) =>
      jsonObject({ hostname: host, own: isOwn, state, size: bytes, backups: backups.map(jsonOfBackups) }),
    ),
    repositories: repositories.map(({ location, state, lookedAt, error, unreadable, notNamed }) =>
      jsonObject({
        repository: location,
        state,
        looked_at: lookedAt,
        error: error && jsonObject({ code: error.code, message: describeError(errorOfData(error)).what }),
        unreadable_snapshots: unreadable,
        not_named: notNamed,
      }),
    ),
  });
}

function jsonOfBackups(backups: ServerBackups): JsonValue {
  const { location, set, paths, state, why, newest, snapshots, lastGood, ageHours, measure, lookedAt } = backups;
  return jsonObject({
    repository: location,
    set,
    paths: [...paths],
    state,
    reason: why,
    snapshot_id: newest?.id,
    time: newest?.time,
    last_good: lastGood,
    age_hours: ageHours,
    rpo_hours: measure?.hours,
    rpo_by: measure?.by,
    size: newest?.bytes,
    snapshots,
    looked_at: lookedAt,
  });
}
