import type { SeededRandom } from '../fakes/seeded-random.ts';
import { canHappen, type Fault, type FaultOrder } from './fault.ts';
import type { Operation } from './operations.ts';

/** What is known of a request before it is served. */
export interface Subject {
  readonly operation: Operation;
  readonly account: string | undefined;
  readonly fileName: string | undefined;
  readonly fileId: string | undefined;
}

/** Which request fails and how; the first order that matches decides. */
export class Faults {
  readonly #random: SeededRandom;
  readonly #nowMs: () => number;
  #orders: { readonly order: FaultOrder; skip: number; left: number }[] = [];
  #happened = 0;

  constructor(random: SeededRandom, nowMs: () => number) {
    this.#random = random;
    this.#nowMs = nowMs;
  }

  order(...orders: readonly FaultOrder[]): void {
    // An order with a probability goes on until it is cleared, unless it says how often.
    for (const order of orders) this.#orders.push({ order, skip: order.after ?? 0, left: timesOf(order) });
  }

  /** From now on nothing fails. */
  clear(): void {
    this.#orders = [];
  }

  /** How many faults happened, so that a test can see that it tested something. */
  get happened(): number {
    return this.#happened;
  }

  /** Orders that still wait for their request. */
  get waiting(): readonly FaultOrder[] {
    return this.#orders.filter(({ left }) => left > 0).map(({ order }) => order);
  }

  next(subject: Subject): Fault | undefined {
    for (const entry of this.#orders) {
      if (entry.left <= 0 || !this.#matches(entry.order, subject)) continue;
      if (entry.skip > 0) {
        entry.skip--;
        continue;
      }
      if (entry.order.probability !== undefined && !this.#random.chance(entry.order.probability)) continue;
      entry.left--;
      this.#happened++;
      return entry.order;
    }
    return undefined;
  }

  #matches(order: FaultOrder, { operation, account, fileName, fileId }: Subject): boolean {
    const { on, file } = order;
    if (order.untilMs !== undefined && this.#nowMs() >= order.untilMs) return false;
    if (order.account !== undefined && order.account !== account) return false;
    if (file !== undefined && file !== fileId && !(fileName ?? '').includes(file)) return false;
    if (on !== undefined && !(typeof on === 'string' ? [on] : on).includes(operation)) return false;
    return canHappen(order, operation);
  }
}

function timesOf({ times, probability, untilMs }: FaultOrder): number {
  if (times === null) return Infinity;
  return times ?? (probability === undefined && untilMs === undefined ? 1 : Infinity);
}
