import { CadanganError } from '../platform/index.ts';
import type { Call } from './call.ts';
import { understood, type Procedure } from './procedure.ts';
import { assertAllowed, denied } from './rights.ts';
import type { Service } from './service.ts';

/** A procedure, and what the service answers. */
export interface Answer {
  readonly procedure: Procedure<unknown, unknown>;
  /** @param params as they came. @throws `arguments.invalid` when they are not as declared; what the procedure throws */
  readonly answer: (service: Service, params: unknown, call: Call) => Promise<unknown>;
}

export function answer<Params, Result>(
  procedure: Procedure<Params, Result>,
  work: (service: Service, params: NoInfer<Params>, call: Call) => Promise<NoInfer<Result>>,
): Answer {
  return {
    procedure,
    answer: async (service, params, call) => {
      if (!call.isMember) return work(service, paramsOf(procedure, params), call);
      try {
        if (procedure.members === undefined) throw denied(procedure.name); // however it asks
        const understoodParams = paramsOf(procedure, params);
        assertAllowed(service, procedure, understoodParams, call);
        return await work(service, understoodParams, call);
      } catch (error) {
        await service.refusals.note(error, procedure, call);
        throw error;
      }
    },
  };
}

/** As `answer`, of one repository: where each has a process of its own, that one works. @param locationOf of the repository */
export function answerAt<Params, Result>(
  procedure: Procedure<Params, Result>,
  locationOf: (params: NoInfer<Params>, service: Service) => string,
  work: (service: Service, params: NoInfer<Params>, call: Call) => Promise<NoInfer<Result>>,
): Answer {
  return answer(procedure, whereItIs(procedure, locationOf, work));
}

/** Does it in the process that works on the repository, where there is one. */
export function whereItIs<Params, Result>(
  procedure: Procedure<Params, Result>,
  locationOf: (params: NoInfer<Params>, service: Service) => string,
  work: (service: Service, params: NoInfer<Params>, call: Call) => Promise<NoInfer<Result>>,
): (service: Service, params: Params, call: Call) => Promise<Result> {
  return async (service, params, call) => {
    const { elsewhere } = service;
    return elsewhere?.forks ? elsewhere.request(locationOf(params, service), procedure, params, call) : work(service, params, call);
  };
}

/** Of what names its repository. */
export function atLocation({ location }: { readonly location: string }): string {
  return location;
}

/** @throws `arguments.invalid` */
export function paramsOf<Params>({ params: schema }: Pick<Procedure<Params, unknown>, 'params'>, params: unknown): Params {
  return understood(schema, params, (argument, reason) => new CadanganError('arguments.invalid', { argument, reason }));
}
