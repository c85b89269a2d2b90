import { CadanganError, currentTimeZone, offsetMinutesIn, type Clock } from '../platform/index.ts';
import { formatTimestamp, isTimestamp, parseTimestamp } from '../repository/index.ts';

const localTime = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(:\d{2})?)?$/;

/**
 * A time as restic takes it: `2012-11-01`, `2012-11-01 22:08`, `2012-11-01 22:08:41`, in the zone of the configuration (else local time),
 * or RFC 3339 with a zone.
 * @param option for the message. @returns nanoseconds since 1970. @throws `arguments.invalid`
 */
export function parseTimeArgument(text: string, option: string, clock: Clock): bigint {
  if (isTimestamp(text)) return parseTimestamp(text).ns;
  const [, date = '', minutes = '00:00', seconds = ':00'] = localTime.exec(text) ?? [];
  const utc = `${date}T${minutes}${seconds}Z`;
  if (date === '' || !isTimestamp(utc)) {
    throw new CadanganError('arguments.invalid', {
      option: `--${option} ${text}`,
      reason: 'a time such as "2012-11-01 22:08:41" is wanted',
    });
  }
  const asUtcNs = parseTimestamp(utc).ns;
  // The offset depends on the instant that is looked for: one step of iteration lands on it but for the hour that a change of zone skips.
  const guessNs = asUtcNs - offsetNs(asUtcNs, clock);
  return asUtcNs - offsetNs(guessNs, clock);
}

/** `2012-11-01 22:08:41`, in the zone of the configuration, else local time. */
export function localTimeText(ns: bigint, clock: Clock): string {
  return formatTimestamp(ns, offsetMinutesAt(ns, clock)).slice(0, 19).replace('T', ' ');
}

function offsetNs(ns: bigint, clock: Clock): bigint {
  return BigInt(Math.round(offsetMinutesAt(ns, clock))) * 60_000_000_000n;
}

function offsetMinutesAt(ns: bigint, clock: Clock): number {
  const zone = currentTimeZone();
  return zone === undefined ? clock.offsetMinutes(ns) : offsetMinutesIn(zone, ns);
}
