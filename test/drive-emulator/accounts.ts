import { scopes as driveScopes } from './access.ts';
import { projectOf, type Grants } from './grants.ts';
import type { ClientOptions } from './options.ts';
import { Person } from './person.ts';
import type { Services } from './services.ts';

export interface TokenOptions {
  readonly client?: ClientOptions;
  readonly scopes?: readonly string[];
  readonly lifetimeSeconds?: number;
}

/** Accounts, and short ways to tokens for tests that are not about signing in. */
export class Accounts {
  readonly #services: Services;
  readonly #firstClient: ClientOptions;

  constructor(services: Services, firstClient: ClientOptions) {
    this.#services = services;
    this.#firstClient = firstClient;
  }

  get emails(): readonly string[] {
    return [...this.#services.accounts.keys()];
  }

  /** The person in front of the browser. */
  person(email: string): Person {
    return new Person(this.#services, email);
  }

  /** An access token as consent would have given it; default scope `drive.file`. */
  accessToken(email: string, { client = this.#firstClient, scopes = [driveScopes.file], lifetimeSeconds }: TokenOptions = {}): string {
    return this.#services.grants.pass(
      { account: email, client: client.id, project: projectOf(client), scopes },
      undefined,
      lifetimeSeconds,
    );
  }

  refreshToken(email: string, { client = this.#firstClient, scopes = [driveScopes.file] }: TokenOptions = {}): string {
    return this.#services.grants.grant(email, client, scopes);
  }

  /** Refresh and access tokens, one by one. */
  get grants(): Grants {
    return this.#services.grants;
  }
}
