import type { Caller } from './access.ts';
import { OAuthRefusal, invalidToken } from './errors.ts';
import type { Ids } from './ids.ts';
import type { Ledger, Table } from './ledger.ts';
import type { Grant, Pass } from './model.ts';
import type { ClientOptions, Limits } from './options.ts';

const dayMs = 86_400_000;
const testingMs = 7 * dayMs;
const unusedMs = 182 * dayMs;

export type PassRequest = Omit<Pass, 'expiresMs' | 'grant'>;

/** Refresh tokens and access tokens, as long as they live. */
export class Grants {
  readonly #ids: Ids;
  readonly #limits: Limits;
  readonly #nowMs: () => number;
  readonly #lifetimeSeconds: () => number;
  readonly #grants: Table<Grant>;
  readonly #passes: Table<Pass>;

  constructor(options: {
    readonly ids: Ids;
    readonly limits: Limits;
    readonly nowMs: () => number;
    readonly lifetimeSeconds: () => number;
    readonly ledger: Ledger;
  }) {
    this.#ids = options.ids;
    this.#limits = options.limits;
    this.#nowMs = options.nowMs;
    this.#lifetimeSeconds = options.lifetimeSeconds;
    this.#grants = options.ledger.table('grants');
    this.#passes = options.ledger.table('passes');
  }

  /** A new refresh token. Beyond the limit the oldest of this account and client dies, without a word. */
  grant(account: string, client: ClientOptions, scopes: readonly string[]): string {
    const nowMs = this.#nowMs();
    const alive = [...this.#grants.entries()]
      .filter(([, other]) => other.account === account && other.client === client.id)
      .sort(([, a], [, b]) => a.madeMs - b.madeMs);
    for (const [token] of alive.slice(0, Math.max(0, alive.length + 1 - this.#limits.liveRefreshTokens))) this.#end(token);
    const token = `1//0${this.#ids.text(48)}`;
    const expiresMs = client.publishing === 'testing' ? nowMs + testingMs : null;
    this.#grants.set(token, { account, client: client.id, project: projectOf(client), scopes, madeMs: nowMs, usedMs: nowMs, expiresMs });
    return token;
  }

  hasGrant(account: string, client: string): boolean {
    return [...this.#grants.values()].some((grant) => grant.account === account && grant.client === client && this.#isAlive(grant));
  }

  /** @throws `invalid_grant`, whatever the cause */
  use(token: string, client: string): Grant {
    const grant = this.#grants.get(token);
    if (grant === undefined || grant.client !== client || !this.#isAlive(grant))
      throw new OAuthRefusal(400, 'invalid_grant', 'Token has been expired or revoked.');
    const used = { ...grant, usedMs: this.#nowMs() };
    this.#grants.set(token, used);
    return used;
  }

  pass(request: PassRequest, grant?: string, lifetimeSeconds = this.#lifetimeSeconds()): string {
    const token = `ya29.${this.#ids.text(90)}`;
    this.#passes.set(token, { ...request, expiresMs: this.#nowMs() + lifetimeSeconds * 1_000, grant });
    return token;
  }

  /** @throws 401 `authError` */
  check(token: string): Caller {
    const pass = this.#passes.get(token);
    if (pass === undefined || pass.expiresMs <= this.#nowMs()) throw invalidToken();
    return pass;
  }

  info(token: string): Pass | undefined {
    const pass = this.#passes.get(token);
    return pass !== undefined && pass.expiresMs > this.#nowMs() ? pass : undefined;
  }

  endPass(token: string): void {
    this.#passes.delete(token);
  }

  /** Ends the refresh token alone, as an administrator or a rule does. */
  endGrant(token: string): void {
    this.#end(token);
  }

  /** Ends all grants of the account to the whole project, on all machines. False when the token is none of ours. */
  revoke(token: string): boolean {
    const { account, project } = this.#grants.get(token) ?? this.#passes.get(token) ?? {};
    if (account === undefined || project === undefined) return false;
    this.revokeAll(account, project);
    return true;
  }

  /** As a person does in the account's settings; of every project unless one is named. */
  revokeAll(account: string, project?: string): void {
    const isMeant = (row: { readonly account: string; readonly project: string }): boolean =>
      row.account === account && (project === undefined || row.project === project);
    for (const [token, grant] of this.#grants.entries()) if (isMeant(grant)) this.#end(token);
    for (const [token, pass] of this.#passes.entries()) if (isMeant(pass)) this.#passes.delete(token);
  }

  /** Every access token ends now; refresh tokens stay. */
  endPasses(): void {
    for (const [token] of this.#passes.entries()) this.#passes.delete(token);
  }

  #isAlive({ expiresMs, usedMs }: Grant): boolean {
    const nowMs = this.#nowMs();
    return (expiresMs === null || nowMs < expiresMs) && nowMs < usedMs + unusedMs;
  }

  #end(token: string): void {
    this.#grants.delete(token);
    for (const [pass, { grant }] of this.#passes.entries()) if (grant === token) this.#passes.delete(pass);
  }
}

export function projectOf(client: { readonly id: string; readonly project?: string }): string {
  return client.project ?? client.id;
}
