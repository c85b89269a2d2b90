import * as z from 'zod';

// zod would otherwise make parsers with `new Function`.
z.config({ jitless: true });

/** What a client can ask of the service: its name, what it takes and gives, and what becomes of it when the process dies. */
export interface Procedure<Params, Result> {
  readonly name: string;
  /** With bounds on whatever costs something. */
  readonly params: z.ZodType<Params>;
  /** What a client believes; fields that it does not know are dropped. */
  readonly result: z.ZodType<Result>;
  /** `read` changes nothing, and may be asked again after the process died; `run` makes a run, with progress. */
  readonly kind: 'read' | 'change' | 'run';
  /**
   * Who may ask it of the service of a machine without being its administrator (see `rights.ts`). Missing: nobody; so nothing new is
   * allowed before somebody has thought of it.
   */
  readonly members?: MemberRight;
}

/**
 * What the group of a service may: `see` status and records; `start` configured sets as they are configured; `stop-own`: runs that the one
 * who asks has begun; `read-snapshots`: for those whom the set names as its readers.
 */
export type MemberRight = 'see' | 'start' | 'stop-own' | 'read-snapshots';

/** What the service tells its clients unasked. */
export interface Notification<Params> {
  readonly name: string;
  readonly params: z.ZodType<Params>;
}

export type ParamsOf<Declared extends { readonly params: z.ZodType }> = z.infer<Declared['params']>;
export type ResultOf<Declared extends { readonly result: z.ZodType }> = z.infer<Declared['result']>;

export const read = declarer('read');
export const change = declarer('change');
export const run = declarer('run');

export function notification(name: string): Notification<void>;
export function notification<Params>(name: string, params: z.ZodType<Params>): Notification<Params>;
export function notification(name: string, params: z.ZodType = z.void()): Notification<unknown> {
  return { name, params };
}

/** What came from the other side, as it was declared. @param failed makes the error of what is not so */
export function understood<T>(schema: z.ZodType<T>, value: unknown, failed: (path: string, reason: string) => Error): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw failed(issue?.path.join('.') ?? '', issue?.message ?? 'not understood');
}

function declarer(kind: Procedure<unknown, unknown>['kind']) {
  /** What takes or gives nothing leaves that out. */
  function declare(name: string): Procedure<void, void>;
  function declare<Params, Result>(name: string, is: Shape<Params, Result>): Procedure<Params, Result>;
  function declare<Params>(name: string, is: Omit<Shape<Params, void>, 'result'>): Procedure<Params, void>;
  function declare<Result>(name: string, is: Omit<Shape<void, Result>, 'params'>): Procedure<void, Result>;
  function declare(name: string, { params = z.void(), result = z.void(), members }: Partial<Shape<unknown, unknown>> = {}) {
    return { name, params, result, kind, ...(members && { members }) };
  }
  return declare;
}

interface Shape<Params, Result> {
  readonly params: z.ZodType<Params>;
  readonly result: z.ZodType<Result>;
  readonly members?: MemberRight;
}
