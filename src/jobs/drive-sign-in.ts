import { endpointsFrom, revokeSignIn, signInByBrowser, signInByDeviceCode, type DeviceCode, type SignInOptions } from '../google/index.ts';
import { CadanganError, isAbort, isCode, systemClock, systemRandom } from '../platform/index.ts';
import { credentialStoreOf, oauthClientOf } from './drive-account.ts';
import type { StoragePlace } from './storage-place.ts';
import type { RecordKeeper } from './record-keeper.ts';
import { recordOfSignIn } from './record-of-job.ts';

/** How a person agrees: on a page that is opened on this machine, or with a code that is typed on any other. */
export type SignInWay =
  | { readonly kind: 'browser'; readonly open: (url: string) => Promise<void> | void }
  | { readonly kind: 'device-code'; readonly show: (code: DeviceCode) => Promise<void> | void };

/**
 * Signs in to the designated account and keeps the sign-in. Also one that was refused is recorded; one that somebody gave up is not.
 * @returns the address of the account. @throws `drive.wrong-account`, `drive.sign-in-failed`, `drive.not-set-up`, `drive.unavailable`,
 * `arguments.invalid` with a service account, `aborted`
 */
export async function signInToDrive(place: StoragePlace, keeper: RecordKeeper, way: SignInWay, signal: AbortSignal): Promise<string> {
  const options = await signInOptions(place, signal);
  try {
    const found = way.kind === 'browser' ? await signInByBrowser(options, way.open) : await signInByDeviceCode(options, way.show);
    await credentialStoreOf(place).save(found);
    await keeper.write((about) => recordOfSignIn('sign-in', found.account.emailAddress, 'success', { ...about, trigger: 'manual' }));
    return found.account.emailAddress;
  } catch (error) {
    const refused = isCode(error, 'drive.wrong-account') ? error.facts['account'] : undefined;
    if (!isAbort(error))
      await keeper.write((about) =>
        recordOfSignIn('sign-in', typeof refused === 'string' ? refused : undefined, 'failed', { ...about, trigger: 'manual' }, error),
      );
    throw error;
  }
}

/**
 * Forgets the sign-in.
 * @param revoke also end the permission at Google.
 * @returns whether it did.
 * @throws when it cannot: then nobody is signed out
 */
export async function signOutOfDrive(
  place: StoragePlace,
  keeper: RecordKeeper,
  { revoke }: { readonly revoke: boolean },
  signal: AbortSignal,
): Promise<boolean> {
  const store = credentialStoreOf(place);
  // One that must not be used can still be forgotten.
  const known = await store.load().catch((error: unknown) => (revoke ? Promise.reject(error) : undefined));
  const account = known?.account.emailAddress;
  try {
    if (revoke && known) await revokeSignIn(await signInOptions(place, signal), known);
    await store.clear();
  } catch (error) {
    if (!isAbort(error))
      await keeper.write((about) => recordOfSignIn('sign-out', account, 'failed', { ...about, trigger: 'manual' }, error));
    throw error;
  }
  if (account !== undefined) await keeper.write((about) => recordOfSignIn('sign-out', account, 'success', { ...about, trigger: 'manual' }));
  return revoke && known !== undefined;
}

async function signInOptions(place: StoragePlace, signal: AbortSignal): Promise<SignInOptions> {
  const { settings, environment, clock = systemClock, random = systemRandom } = place;
  if (settings?.serviceAccountKeyFile !== undefined)
    throw new CadanganError('arguments.invalid', {
      argument: 'sign-in',
      reason: 'a service account is configured, which signs in by itself',
    });
  return {
    client: await oauthClientOf(place),
    designatedAccount: settings?.account ?? '',
    endpoints: endpointsFrom(environment, settings?.proxy),
    clock,
    random,
    signal,
  };
}
