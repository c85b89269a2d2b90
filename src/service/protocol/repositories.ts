import * as z from 'zod';
import { change, read } from '../procedure.ts';
import { ofRepository } from './bounds.ts';

export type RepositoryInfo = z.infer<typeof repositoryInfo.result>;
export type RecoveryKit = z.infer<typeof recoveryKit.result>;

const info = z.object({ location: z.string(), id: z.string(), keyId: z.string(), version: z.number() });

export const initRepository = change('repository/init', { params: ofRepository.extend({ password: z.string().max(4096) }), result: info });
export const repositoryInfo = read('repository/info', { params: ofRepository, result: info });
/** Whether there is a repository at a location, as far as that can be told without a password: the place is looked at, and no more. */
export const placeInfo = read('repository/place', {
  params: ofRepository,
  result: z.object({ location: z.string(), hasRepository: z.boolean() }),
});
/** Removes locks of processes that are gone, and answers how many. */
/** Forgets the password, and closes the repository that it opened. */
export const forgetPassword = change('repository/forget-password', { params: ofRepository });
export const unlockRepository = change('repository/unlock', { params: ofRepository, result: z.number() });
/** One page to print and keep: what somebody needs who has nothing but the repository and this paper. */
export const recoveryKit = read('repository/recovery-kit', {
  params: ofRepository.extend({
    /** Print the password too. The page is then as secret as the password. */
    withPassword: z.boolean(),
  }),
  result: z.object({
    /** A whole document without anything from elsewhere. */
    html: z.string(),
    text: z.string(),
  }),
});
