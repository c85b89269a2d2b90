import type { AlertSettings, BackupSet, Configuration, OffsiteCopy } from './schema.ts';

/**
 * The configuration as it may be shown, recorded and handed on. Passwords never stand in the file, but the arguments of a command may be
 * one, in any disguise, and who knows an address that alerts go to may use it: of every command only the program stays, of such an address
 * only the server, and what `markOf` makes of the rest, so that a change of it shows.
 * @param markOf must not give the arguments away, not even to somebody who tries likely ones
 */
export function withoutSecrets(configuration: Configuration, markOf: (words: readonly string[]) => string = () => '***'): Configuration {
  const plain = (command: readonly string[]): string[] => [...command.slice(0, 1), ...(command.length > 1 ? [markOf(command)] : [])];
  const asked = <Asking extends { readonly passwordCommand?: readonly string[] | undefined }>(asking: Asking): Asking => ({
    ...asking,
    ...(asking.passwordCommand && { passwordCommand: plain(asking.passwordCommand) }),
  });
  const around = <Entry extends Pick<BackupSet, 'before' | 'after'>>(entry: Entry): Entry => ({
    ...entry,
    ...(entry.before && { before: plain(entry.before) }),
    ...(entry.after && { after: plain(entry.after) }),
  });
  const setWithout = (set: BackupSet): BackupSet => ({ ...around(set), repository: asked(set.repository) });
  const copyWithout = (copy: OffsiteCopy): OffsiteCopy => ({
    ...around(copy),
    ...(copy.readableCopies && { readableCopies: asked(copy.readableCopies) }),
  });
  const addressed = <Way extends { readonly address?: string | undefined }>(way: Way): Way => ({
    ...way,
    ...(way.address !== undefined && { address: `${URL.parse(way.address)?.origin ?? ''}/${markOf([way.address])}` }),
  });
  const alertsWithout = (alerts: AlertSettings): AlertSettings => ({
    ...alerts,
    ...(alerts.mail && { mail: asked(alerts.mail) }),
    receivers: alerts.receivers.map(addressed),
    heartbeats: alerts.heartbeats.map(addressed),
  });
  const { alerts } = configuration;
  return {
    ...configuration,
    ...(alerts && { alerts: alertsWithout(alerts) }),
    sets: configuration.sets.map(setWithout),
    offsiteCopies: configuration.offsiteCopies.map(copyWithout),
  };
}
