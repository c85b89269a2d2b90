import fc from 'fast-check';
import { weekdays, type WindowRule } from '../../src/schedule/index.ts';

/** Ordinary ones, half hours, clocks that change at midnight, by half an hour, on the other half of the earth, by a day. */
export const zones = [
  'Asia/Jakarta',
  'America/New_York',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'America/Sao_Paulo',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Pacific/Chatham',
  'America/St_Johns',
  'Africa/Casablanca',
  'UTC',
];

/** Any rule that `parseWindowRule` could give. */
export function anyRule(): fc.Arbitrary<WindowRule> {
  return fc
    .record(
      {
        startMinute: fc.integer({ min: 0, max: 1439 }),
        endMinute: fc.integer({ min: 1, max: 1440 }),
        days: fc.subarray([...weekdays], { minLength: 1 }),
        timeZone: fc.constantFrom(...zones),
      },
      { noNullPrototype: true },
    )
    .filter(({ startMinute, endMinute }) => startMinute !== endMinute);
}
