import { empty, json, type Answer } from './answer.ts';
import { contentAnswer } from './downloads.ts';
import { Refusal, refusalOf } from './errors.ts';
import { fileOf } from './files.ts';
import { applyMask, parseMask } from './mask.ts';
import type { Revision, StoredFile } from './model.ts';
import { rfc3339, userResource } from './resource.ts';
import { callerOf, type Call, type Services } from './services.ts';
import { revisionListShape, revisionShape, usualFields } from './shapes.ts';

const pinnedMax = 200;

export async function listRevisions(services: Services, call: Call): Promise<Answer> {
  const file = fileOf(services, call);
  const mask = parseMask(call.url.searchParams.get('fields') ?? usualFields.revisionList, revisionListShape);
  return json(
    applyMask({ kind: 'drive#revisionList', revisions: file.revisions.map((revision) => resource(services, call, file, revision)) }, mask),
  );
}

export async function getRevision(services: Services, call: Call): Promise<Answer> {
  const file = fileOf(services, call);
  return answer(services, call, file, revisionOf(file, call.secondId));
}

/** Only what is pinned can be had back, and the head. */
export async function downloadRevision(services: Services, call: Call): Promise<Answer> {
  const file = fileOf(services, call);
  const revision = revisionOf(file, call.secondId);
  if (!revision.keepForever && revision !== file.revisions.at(-1)) throw refusalOf('fileNotDownloadable');
  return contentAnswer(services, call, revision);
}

export async function updateRevision(services: Services, call: Call): Promise<Answer> {
  const file = fileOf(services, call);
  const revision = revisionOf(file, call.secondId);
  const wanted =
    typeof call.body === 'object' && call.body !== null && 'keepForever' in call.body ? call.body.keepForever : revision.keepForever;
  if (typeof wanted !== 'boolean') throw refusalOf('badRequest');
  const pinned = file.revisions.filter((other) => other.keepForever).length;
  if (!wanted && revision.keepForever && revision !== file.revisions.at(-1)) throw refusalOf('illegalKeepForeverModification');
  if (wanted && !revision.keepForever && pinned >= pinnedMax) throw refusalOf('illegalKeepForeverModification');
  const changed = { ...revision, keepForever: wanted };
  const after = services.store.change(file.id, { revisions: file.revisions.map((other) => (other === revision ? changed : other)) });
  return answer(services, call, after, changed);
}

export async function deleteRevision(services: Services, call: Call): Promise<Answer> {
  const file = fileOf(services, call);
  const revision = revisionOf(file, call.secondId);
  if (file.revisions.length === 1) throw refusalOf('cannotDeleteOnlyRevision', { message: 'A file must have at least one revision.' });
  services.store.change(file.id, { revisions: file.revisions.filter((other) => other !== revision) });
  await services.contents.remove(revision.contentKey);
  return empty(204);
}

function revisionOf(file: StoredFile, id: string): Revision {
  const revision = id === 'head' ? file.revisions.at(-1) : file.revisions.find((other) => other.id === id);
  if (revision === undefined)
    throw new Refusal({
      status: 404,
      reason: 'notFound',
      message: `Revision not found: ${id}.`,
      location: 'revisionId',
      locationType: 'parameter',
    });
  return revision;
}

function answer(services: Services, call: Call, file: StoredFile, revision: Revision): Answer {
  return json(
    applyMask(
      resource(services, call, file, revision),
      parseMask(call.url.searchParams.get('fields') ?? usualFields.revision, revisionShape),
    ),
  );
}

/** MD5 is all that revisions tell of their bytes. */
function resource(services: Services, call: Call, file: StoredFile, revision: Revision): Record<string, unknown> {
  return {
    kind: 'drive#revision',
    id: revision.id,
    mimeType: revision.mimeType,
    modifiedTime: rfc3339(revision.madeMs),
    keepForever: revision.keepForever,
    published: false,
    originalFilename: file.name,
    md5Checksum: revision.md5,
    size: String(revision.sizeBytes),
    lastModifyingUser: userResource(services, callerOf(call), file.owner ?? callerOf(call).account),
  };
}
