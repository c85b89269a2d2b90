import { json, type Answer } from './answer.ts';
import { Refusal } from './errors.ts';
import { spaceOf } from './make-file.ts';
import { applyMask, parseMask } from './mask.ts';
import { userResource } from './resource.ts';
import { callerOf, type Call, type Services } from './services.ts';
import { aboutShape } from './shapes.ts';
import { headOf } from './store.ts';

/** Who it is and how much room there is. Without `fields` it refuses to say. */
export async function about(services: Services, call: Call): Promise<Answer> {
  const fields = call.url.searchParams.get('fields');
  if (fields === null)
    throw new Refusal({
      status: 400,
      reason: 'required',
      message: "The 'fields' parameter is required for this method.",
      location: 'fields',
      locationType: 'parameter',
    });
  const caller = callerOf(call);
  const mask = parseMask(fields, aboutShape);
  return json(
    applyMask(
      {
        kind: 'drive#about',
        user: userResource(services, caller, caller.account),
        storageQuota: quotaOf(services, caller.account),
        maxUploadSize: String(5 * 1024 ** 4),
        appInstalled: true,
        canCreateDrives: true,
      },
      mask,
    ),
  );
}

/** Texts, as all 64-bit numbers; no limit, no field. */
function quotaOf({ store, accounts, serviceAccounts }: Services, account: string): Record<string, string> {
  const { limitBytes, usedBytes } = spaceOf({ accounts, store }, account);
  const limit = serviceAccounts.has(account) ? 0 : limitBytes;
  let trashBytes = 0;
  for (const file of store.all()) if (file.owner === account && store.isTrashed(file)) trashBytes += headOf(file)?.sizeBytes ?? 0;
  return {
    ...(limit == null ? {} : { limit: String(limit) }),
    // "For users that are part of an organization with pooled storage" these two are the organisation's (reference of `about`).
    usage: String(usedBytes),
    usageInDrive: String(store.usedBytes(account)),
    usageInDriveTrash: String(trashBytes),
  };
}
