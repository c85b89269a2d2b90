import { Argument } from 'commander';
import { describeError, safeText } from '../../jobs/index.ts';
import { CadanganError, formatDate, l10n, placeOfWork } from '../../platform/index.ts';
import { errorOfData, protocol, unhostedAlerts, type AlertsInfo, type AlertTest } from '../../service/index.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { jsonObject, printJson } from '../json.ts';
import { tableLines, type Column } from '../table.ts';

export const alertCommand: CliCommand = {
  name: 'alert',
  declare: (command) =>
    command
      .description(l10n.t('Show who is told of trouble and whether that works, or send a test.'))
      .addArgument(new Argument('<action>', l10n.t('what to do')).choices(['status', 'test']))
      .option('--to <name>', l10n.t('test: only this receiver (default: all)')),
  run: async (context, [action], options) => (action === 'test' ? test(context, options.text('to')) : showStatus(context)),
};

/** Through the host: it alone may be able to read the secrets. */
async function test(context: CommandContext, to: string | undefined): Promise<ExitCode> {
  const { terminal, globals, signal } = context;
  const { withHost } = await import('../with-host.ts'); // as for a backup
  const { results } = await withHost(context, { password: async () => undefined }, (client) =>
    client.request(protocol.testAlert, to === undefined ? {} : { to }, { signal }),
  );
  const failed = results.filter(({ error }) => error !== undefined);
  if (globals.json) printJson(terminal, jsonObject({ message_type: 'alert_test', results: results.map(testJson) }));
  else if (results.length === 0) terminal.print(nobody());
  else for (const line of testLines(results)) terminal.print(line);
  return failed.length > 0 ? exitCode.failed : exitCode.done;
}

function testLines(results: readonly AlertTest[]): string[] {
  return results.flatMap(({ name, by, error }) => {
    const shown = { name: safeText(name), by };
    if (error === undefined) return [l10n.t('{name} ({by}): sent', shown)];
    const { what, next } = describeError(errorOfData(error));
    return [l10n.t('{name} ({by}): not sent. {why}', { ...shown, why: [what, next].filter((part) => part !== undefined).join(' ') })];
  });
}

function testJson({ name, by, error }: AlertTest): ReturnType<typeof jsonObject> {
  return jsonObject({ name, by, sent: error === undefined, error: error?.code });
}

async function showStatus(context: CommandContext): Promise<ExitCode> {
  const { terminal, globals } = context;
  const info = await infoOf(context);
  const all = [...info.receivers, ...info.heartbeats.map((one) => ({ ...one, by: 'heartbeat' }))];
  if (globals.json) {
    printJson(terminal, jsonObject({ message_type: 'alert_status', receivers: all.map(statusJson) }));
    return exitCode.done;
  }
  if (all.length === 0) terminal.print(nobody());
  else {
    const columns: Column[] = [
      { title: l10n.t('Receiver') },
      { title: l10n.t('Way') },
      { title: l10n.t('Last sent') },
      { title: l10n.t('Waiting'), align: 'right' },
    ];
    const rows = all.map(({ name, by, sentAt, waiting }) => [
      safeText(name),
      by,
      sentAt === undefined ? '-' : dateText(sentAt),
      String(waiting),
    ]);
    for (const line of tableLines(columns, rows)) terminal.print(line);
  }
  for (const { name, by, failing, waiting } of all) {
    if (failing === undefined) continue;
    const { what } = describeError(errorOfData(failing.error));
    // Of a heartbeat it is left out: how a run ended is told within an hour, or never.
    const later = waiting > 0 && by !== 'heartbeat' ? ` ${l10n.t('What waits is sent when that is possible again.')}` : '';
    const shown = { name: safeText(name), date: dateText(failing.since), why: `${what}${later}` };
    terminal.print(l10n.t('{name} cannot be told since {date}: {why}', shown));
  }
  return exitCode.done;
}

/** Of the host, else what is written down. @throws the system's errors */
async function infoOf(context: CommandContext): Promise<AlertsInfo> {
  const { environment } = context;
  const { askHostOf } = await import('../with-host.ts'); // as for a backup
  try {
    const asked = await askHostOf(context, protocol.alertsState, undefined);
    if (asked) return asked.answer;
  } catch (error) {
    if (!(error instanceof CadanganError)) throw error; // a host that does not answer, or of a version before
  }
  return unhostedAlerts(placeOfWork(environment));
}

function statusJson({ name, by, sentAt, waiting, failing }: AlertsInfo['receivers'][number]): ReturnType<typeof jsonObject> {
  return jsonObject({
    name,
    by,
    waiting,
    sent_at: sentAt,
    failing_since: failing?.since,
    error: failing?.error.code,
  });
}

function dateText(at: string): string {
  return formatDate(BigInt(Date.parse(at)) * 1_000_000n);
}

function nobody(): string {
  return l10n.t('Nobody is told of trouble: there is no "alerts" in the configuration.');
}
