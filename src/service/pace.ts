import { RateLimiter, systemTimeZone, type Clock, type Pace, type RateAt } from '../platform/index.ts';
import { parseWindowRule, windowAt } from '../schedule/index.ts';
import { bytesPerSecondOf, type Rates, type SetLimits } from '../settings/index.ts';

/** How fast the bytes of a set or a copy may go, from now on. Undefined: as fast as it goes. @param timeZone that of the file */
export function paceOf(
  limits: Pick<SetLimits, 'upload' | 'download'> | undefined,
  { clock, timeZone = systemTimeZone() }: { readonly clock: Clock; readonly timeZone: string | undefined },
): Pace | undefined {
  const limiterOf = (rates: Rates | undefined): RateLimiter | undefined =>
    rates === undefined ? undefined : new RateLimiter(clock, rateAtOf(typeof rates === 'string' ? [{ rate: rates }] : rates, timeZone));
  const [upload, download] = [limiterOf(limits?.upload), limiterOf(limits?.download)];
  return upload === undefined && download === undefined ? undefined : { upload, download };
}

/** Of those that apply the lowest. */
function rateAtOf(rates: Exclude<Rates, string>, timeZone: string): RateAt {
  const known = rates.map(({ rate, hours, days }) => ({
    bytesPerSecond: bytesPerSecondOf(rate) ?? Infinity,
    // Days without hours are whole days.
    rule:
      hours === undefined && days === undefined
        ? undefined
        : parseWindowRule(hours ?? '00:00-24:00', { timeZone, ...(days && { days: days === 'daily' ? [days] : days }) }),
  }));
  return (nowMs) => {
    const inForce = known.filter(({ rule }) => rule === undefined || windowAt(rule, nowMs) !== undefined);
    const lowest = Math.min(...inForce.map(({ bytesPerSecond }) => bytesPerSecond));
    return Number.isFinite(lowest) ? lowest : undefined;
  };
}
