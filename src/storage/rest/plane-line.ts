import { HttpPlane, type AnswerHead, type BodySink, type PlaneOptions } from '../../http/index.ts';
import { orAborted } from '../../platform/index.ts';
import type { RestLine, RestRequest } from './rest-line.ts';

/** Who we are to a server. The password is asked for once, when the first request needs it. */
export interface RestCredentials {
  readonly user: string;
  readonly password: () => Promise<string>;
}

/** Requests over HTTP/1.1, with or without TLS. */
export class PlaneLine implements RestLine {
  readonly #plane: HttpPlane;
  readonly #base: URL;
  readonly #credentials: RestCredentials | undefined;
  #authorization: Promise<string> | undefined;

  /** @param base ends with a slash, and has no user and no password in it */
  constructor(base: URL, credentials: RestCredentials | undefined, options: PlaneOptions) {
    this.#plane = new HttpPlane({ ...options, isPlainAllowed: () => true });
    this.#base = base;
    this.#credentials = credentials;
  }

  async exchange(request: RestRequest, begin: (head: AnswerHead) => BodySink): Promise<AnswerHead> {
    const { method, path, headers, body, signal } = request;
    const authorization = await orAborted(this.#authorize(), signal);
    return this.#plane.exchange(
      {
        method,
        url: new URL(path, this.#base).href,
        headers: { ...headers, ...(authorization !== undefined && { Authorization: authorization }) },
        ...(body && { body, settleWhenAborted: body.length > 0 }),
        signal,
      },
      begin,
    );
  }

  async close(): Promise<void> {
    this.#plane.close();
  }

  async #authorize(): Promise<string | undefined> {
    if (this.#credentials === undefined) return undefined;
    const { user, password } = this.#credentials;
    this.#authorization ??= password().then((secret) => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`);
    try {
      return await this.#authorization;
    } catch (error) {
      this.#authorization = undefined; // whoever could not be asked may be there the next time
      throw error;
    }
  }
}
