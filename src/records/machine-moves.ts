import type { HistoryRecord } from './record.ts';
import { saidIn, type Said } from './said.ts';

/** The history goes on on a machine that no record before has named. */
export interface MachineMove {
  readonly from: string;
  readonly record: HistoryRecord;
  /** Undefined while no record says why. */
  said?: Said | undefined;
}

/** Which machines a history was written on, and whether its records say how it came from one to the next. */
export class MachineMoves {
  readonly #seen = new Set<string>();
  readonly #moves: MachineMove[] = [];

  get all(): readonly MachineMove[] {
    return this.#moves;
  }

  /** @param before the machine of the record before @returns false where the record says a move that the chain does not show */
  take(record: HistoryRecord, before: string | undefined): boolean {
    const { host, kind, move } = record;
    if (before !== undefined) this.#seen.add(before);
    if (before !== undefined && !this.#seen.has(host)) this.#moves.push({ from: before, record });
    this.#seen.add(host);
    if (kind !== 'moved') return true;
    const one = this.#moves.findLast((candidate) => candidate.record.host === host && candidate.said === undefined);
    if (one === undefined || move?.to !== host || move.from !== one.from) return false;
    one.said = saidIn(record);
    return true;
  }
}
