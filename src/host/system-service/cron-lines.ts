import { CadanganError } from '../../platform/index.ts';
import type { ServiceDescription } from './description.ts';
import { threadPool } from './systemd-unit.ts';

/*
 * crontab(5). cron starts it once, and does not start it again when it has ended; so it is tried every five minutes, and a second one that
 * finds the first leaves at once (`--unless-running`).
 */

const begin = '# begin: Cadangan (written by "cadangan service install", and anew by the next one)';
const end = '# end: Cadangan';
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const guard = '*/5 * * * *';

/** A file of `/etc/cron.d`. What systemd would take away, setpriv(1) does as far as it can: rights, not folders. */
export function systemCrontab(description: ServiceDescription): string {
  const { account, runtimeFolder } = description;
  const rights = [
    '/usr/bin/setpriv',
    `--reuid=${account}`,
    `--regid=${account}`,
    '--init-groups',
    '--inh-caps=-all,+dac_read_search',
    '--ambient-caps=-all,+dac_read_search',
    '--bounding-set=-all,+dac_read_search',
    '--no-new-privs',
    '--',
  ];
  // It is gone with every start of the machine, and the account may not make it.
  const folder = runtimeFolder && shellWords(['/usr/bin/install', '-d', '-o', account, '-g', account, '-m', '0750', runtimeFolder]);
  const line = `${folder === undefined ? '' : `${folder} && `}${shellLine([...rights, ...description.command, '--unless-running'])}`;
  return [begin, `PATH=${path}`, threadPool, `@reboot root ${line}`, `${guard} root ${line}`, end, ''].join('\n');
}

/** The crontab of a user with ours in it, in the place of what an earlier installation had put there. */
export function withUserLines(crontab: string, { command }: ServiceDescription): string {
  const line = `${threadPool} ${shellLine([...command, '--unless-running'])}`;
  const rest = withoutUserLines(crontab);
  return `${rest}${rest === '' || rest.endsWith('\n') ? '' : '\n'}${begin}\n@reboot ${line}\n${guard} ${line}\n${end}\n`;
}

export function withoutUserLines(crontab: string): string {
  const lines = crontab.split('\n');
  const from = lines.indexOf(begin);
  const to = lines.indexOf(end, from);
  return from < 0 || to < 0 ? crontab : lines.toSpliced(from, to - from + 1).join('\n');
}

export function hasUserLines(crontab: string): boolean {
  return withoutUserLines(crontab) !== crontab;
}

/** Nobody reads the output, which cron would mail: `host.log` has it. */
function shellLine(words: readonly string[]): string {
  return `${shellWords(words)} >/dev/null 2>&1`;
}

/** For `/bin/sh` in a line of cron, where `%` would be a line break. */
function shellWords(words: readonly string[]): string {
  const quoted = words.map((word) => {
    if (/[\n\r\0]/.test(word)) throw new CadanganError('arguments.invalid', { path: word, reason: 'a line break cannot stand in it' });
    return /^[\w@+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
  });
  return quoted.join(' ').replaceAll('%', '\\%');
}
