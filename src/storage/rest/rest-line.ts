import type { AnswerHead, BodySink } from '../../http/index.ts';

/** One request of restic's REST protocol. */
export interface RestRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  /** Below the repository, without a leading slash: `config`, `data/`, `data/ab12…`, `?create=true`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is; must not change until the promise settles. An abort waits until the server has put away what it had of it. */
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

/** What brings requests to a server and its answers back. It knows nothing of repositories, and repeats nothing. */
export interface RestLine {
  /**
   * Sends, then hands the body of the answer to the sink that `begin` chooses by the head. Resolves at the end of a complete body, whatever
   * the status. @throws ConnectionFault, what the sink throws, `aborted`; `storage.denied` for a password that cannot be had
   */
  exchange(request: RestRequest, begin: (head: AnswerHead) => BodySink): Promise<AnswerHead>;
  /**
   * How many who were at the other end are known to be there no more: what they had begun nobody ends. Undefined: they come and go as they
   * like.
   */
  readonly peersGone?: number;
  /** Lets go of connections, and of a program. */
  close(): Promise<void>;
}

/** A line on which nothing moves for so long is given up: a server that lists a million files on a slow disk says nothing for minutes. */
export const idleMsDefault = 300_000;
