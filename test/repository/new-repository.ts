import { Repository, type KdfParameters } from '../../src/repository/index.ts';
import { passwordFromText, type Clock, type Random } from '../../src/platform/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';

/** The least that scrypt takes. The product uses `defaultKdfCost`. */
export const cheapKdf: KdfParameters = { N: 2, r: 1, p: 1 };
export const passwordTyped = 'kata sandi 😀';
export const password = passwordFromText(passwordTyped);

/** An empty repository in memory. */
export async function newRepository(
  world: { readonly storage?: SimulatedStorage; readonly clock?: Clock; readonly random?: Random } = {},
): Promise<{ readonly repository: Repository; readonly storage: SimulatedStorage }> {
  const storage = world.storage ?? new SimulatedStorage();
  const repository = await Repository.init({ ...world, storage }, password, { signal: neverAborted, kdfCost: cheapKdf });
  return { repository, storage };
}

/** The same repository as another process sees it: opened anew, with its index loaded. */
export async function reopen(
  storage: SimulatedStorage,
  world: { readonly clock?: Clock; readonly random?: Random } = {},
): Promise<Repository> {
  const repository = await Repository.open({ ...world, storage }, password, neverAborted);
  await repository.loadIndex({ signal: neverAborted });
  return repository;
}
