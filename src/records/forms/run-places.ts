import { formatCount, l10n } from '../../platform/index.ts';
import type { HistoryRecord, RecordPlace } from '../record.ts';
import { cellCharsMax, code, flowing, numbersText, plain } from './cells.ts';
import type { Block } from './form.ts';

/** Where the data of a run came from and went to, under which account, who asked for it, and on which machine. */
export interface RunPlaces {
  readonly source: string;
  readonly destination: string;
  /** Of Google Drive, on either side. */
  readonly account: string;
  readonly operator: string;
  readonly host: string;
}

/** What is not known is an empty text. */
export function placesOf({ kind, source, destination, operator, host, evidence }: HistoryRecord): RunPlaces {
  const { name, position, user } = operator;
  // A drill may be of several repositories, of which its source is the first.
  const locations = evidence?.['locations'];
  const drilled = kind === 'drill' && Array.isArray(locations) && locations.length > 1 ? locations.join(', ') : '';
  const person = [name, position].filter((part) => part !== undefined && part !== '').join(', ');
  return {
    source: drilled === '' ? placeText(source) : drilled,
    destination: evidence?.['to'] === 'standard-output' ? l10n.t('standard output') : placeText(destination),
    account: destination?.account ?? source?.account ?? '',
    operator: person === '' ? user : `${person} (${user})`,
    host,
  };
}

/** `srv-01: /srv/data, /srv/plans`; the account stands by itself. */
export function placeText({ host, location, paths = [] }: RecordPlace = {}): string {
  const where = [location, ...paths].filter((part) => part !== undefined).join(', ');
  return [host, where].filter((part) => part !== undefined && part !== '').join(': ');
}

/** Most runs share their places with hundreds of others: each place stands once, under a key that the list of runs names. */
export class PlaceList {
  readonly #rows = new Map<string, { readonly key: string; readonly places: RunPlaces; readonly numbers: number[] }>();
  readonly #keys = new Map<number, string>();

  constructor(runs: readonly HistoryRecord[]) {
    for (const run of runs) {
      const places = placesOf(run);
      const id = JSON.stringify(places);
      const row = this.#rows.get(id) ?? { key: `P${this.#rows.size + 1}`, places, numbers: [] };
      row.numbers.push(run.number);
      this.#rows.set(id, row);
      this.#keys.set(run.number, row.key);
    }
  }

  keyOf({ number }: HistoryRecord): string {
    return this.#keys.get(number) ?? '–';
  }

  block(): Block {
    return {
      kind: 'table',
      empty: l10n.t('Nothing ran in this period.'),
      columns: [
        { title: l10n.t('Places'), width: 'auto' },
        { title: l10n.t('Source'), width: 'rest' },
        { title: l10n.t('Destination'), width: 'rest' },
        { title: l10n.t('Account'), width: 110 },
        { title: l10n.t('Operator'), width: 95 },
        { title: l10n.t('Host'), width: 70 },
        { title: l10n.t('Records'), width: 130 },
      ],
      rows: [...this.#rows.values()].flatMap(({ key, places: { source, destination, account, operator, host }, numbers }) =>
        flowing(
          [
            plain(key),
            code(source || '–'),
            code(destination || '–'),
            plain(account || '–'),
            plain(operator),
            plain(host),
            plain(recordsText(numbers.toSorted((a, b) => a - b))),
          ],
          cellCharsMax,
        ),
      ),
    };
  }
}

/** Of a year they would fill a page, and each run names its places anyway. */
const numbersNamedMax = 40;

function recordsText(numbers: readonly number[]): string {
  if (numbers.length <= numbersNamedMax) return numbersText(numbers);
  const facts = { first: String(numbers[0]), last: String(numbers.at(-1)), count: formatCount(numbers.length) };
  return l10n.t('{count} records, from No. {first} to {last}', facts);
}
