import { CadanganError } from '../platform/index.ts';
import type { PasswordWish } from './passwords.ts';
import { understood, type Procedure } from './procedure.ts';
import type { RunProgress } from './protocol.ts';
import type { Session } from './session.ts';

/** One request of a client, beside its parameters. */
export interface Call extends PasswordWish {
  /** Of a run. At most four times a second. */
  readonly onProgress: (progress: RunProgress) => void;
}

/** A procedure, and what the service answers. */
export interface Answer {
  readonly procedure: Procedure<unknown, unknown>;
  /** @param params as they came. @throws `arguments.invalid` when they are not as declared; what the procedure throws */
  readonly answer: (session: Session, params: unknown, call: Call) => Promise<unknown>;
}

export function answer<Params, Result>(
  procedure: Procedure<Params, Result>,
  work: (session: Session, params: NoInfer<Params>, call: Call) => Promise<NoInfer<Result>>,
): Answer {
  return { procedure, answer: (session, params, call) => work(session, paramsOf(procedure, params), call) };
}

/** @throws `arguments.invalid` */
export function paramsOf<Params>({ params: schema }: Pick<Procedure<Params, unknown>, 'params'>, params: unknown): Params {
  return understood(schema, params, (argument, reason) => new CadanganError('arguments.invalid', { argument, reason }));
}
