import { json, type Answer } from './answer.ts';
import { Refusal } from './errors.ts';
import { applyMask, parseMask } from './mask.ts';
import type { SharedDriveOptions } from './options.ts';
import { callerOf, type Call, type Services } from './services.ts';
import { driveListShape, driveShape, usualFields } from './shapes.ts';

/** The shared drives that the caller is a member of. */
export async function listDrives(services: Services, call: Call): Promise<Answer> {
  const drives = services.access.drivesOf(callerOf(call).account).map(resource);
  return json(
    applyMask({ kind: 'drive#driveList', drives }, parseMask(call.url.searchParams.get('fields') ?? usualFields.driveList, driveListShape)),
  );
}

export async function getDrive(services: Services, call: Call): Promise<Answer> {
  const drive = services.access.drivesOf(callerOf(call).account).find(({ id }) => id === call.id);
  if (drive === undefined)
    throw new Refusal({
      status: 404,
      reason: 'notFound',
      message: `Shared drive not found: ${call.id}`,
      location: 'driveId',
      locationType: 'parameter',
    });
  return json(applyMask(resource(drive), parseMask(call.url.searchParams.get('fields') ?? usualFields.drive, driveShape)));
}

function resource({ id, name }: SharedDriveOptions): Record<string, unknown> {
  return { kind: 'drive#drive', id, name };
}
