import { json, type Answer } from './answer.ts';
import type { Caller } from './access.ts';
import { invalidValue } from './errors.ts';
import { applyMask, parseMask } from './mask.ts';
import type { Change } from './model.ts';
import { fileResource, rfc3339 } from './resource.ts';
import { callerOf, countOf, type Call, type Services } from './services.ts';
import { changeListShape, startPageTokenShape, usualFields } from './shapes.ts';

export async function startToken(services: Services, call: Call): Promise<Answer> {
  const answer = { kind: 'drive#startPageToken', startPageToken: String(services.store.nextSequence) };
  return json(applyMask(answer, parseMask(call.url.searchParams.get('fields') ?? '*', startPageTokenShape)));
}

/** What is so now of everything that changed since; each file once, at its last change. */
export async function listChanges(services: Services, call: Call): Promise<Answer> {
  const { searchParams } = call.url;
  const mask = parseMask(searchParams.get('fields') ?? usualFields.changeList, changeListShape);
  const token = searchParams.get('pageToken') ?? '';
  if (!/^\d{1,15}$/.test(token) || Number(token) > services.store.nextSequence) throw invalidValue('pageToken');
  const seenBeforeMs = services.store.nowMs() - services.lags.changesMs;
  const driveId = searchParams.get('driveId') ?? undefined;
  const isAware =
    searchParams.get('supportsAllDrives') === 'true' && (driveId !== undefined || searchParams.get('includeItemsFromAllDrives') === 'true');
  const withRemoved = searchParams.get('includeRemoved') !== 'false';
  const caller = callerOf(call);
  const all = services.store.changesFrom(Number(token));
  const late = all.find(([, change]) => change.atMs > seenBeforeMs);
  const known = late === undefined ? all : all.slice(0, all.indexOf(late));
  const seen = known.filter(
    ([, change]) =>
      services.access.canSee(caller, { ...change, parent: 'any' }, isAware) &&
      change.driveId === driveId &&
      (withRemoved || !change.removed),
  );
  const pageSize = countOf(call, 'pageSize', 100, 1_000);
  const page = seen.slice(0, pageSize);
  const lastSequence = page.at(-1)?.[1].sequence ?? Number(token);
  const nextStart = late === undefined ? services.store.nextSequence : late[1].sequence;
  const end = page.length < seen.length ? { nextPageToken: String(lastSequence + 1) } : { newStartPageToken: String(nextStart) };
  return json(
    applyMask(
      { kind: 'drive#changeList', ...end, changes: page.map(([id, change]) => changeResource(services, caller, id, change)) },
      mask,
    ),
  );
}

function changeResource(services: Services, caller: Caller, fileId: string, change: Change): unknown {
  const file = change.removed ? undefined : services.store.get(fileId);
  const removed = file === undefined;
  return {
    kind: 'drive#change',
    type: 'file',
    changeType: 'file',
    time: rfc3339(change.atMs),
    removed,
    fileId,
    ...(change.driveId === undefined ? {} : { driveId: change.driveId }),
    ...(removed ? {} : { file: fileResource(services, caller, file) }),
  };
}
