import type { ExistingRequest } from './destination.ts';
import type { FilePlan } from './plan.ts';
import { blobLengths } from './pieces.ts';
import type { RunContext } from './run-context.ts';

/**
 * Decides what is still open: files that are already there with the right content need no writing, only, where it differs, their metadata,
 * which they get at once.
 */
export async function settleExisting(files: readonly FilePlan[], context: RunContext): Promise<void> {
  const { repository, dryRun } = context;
  const requests: ExistingRequest[] = [];
  for (const file of files) {
    const metadata = dryRun || file.existing?.hasMetadata ? undefined : file.metadata;
    if (file.action === 'compare') {
      const blobs = blobLengths(file.content, repository.index);
      if (blobs) requests.push({ file, blobs, metadata });
      else file.action = 'write'; // where it is reported
    } else if (file.action === 'unchanged' && metadata) {
      requests.push({ file, blobs: undefined, metadata });
    }
  }
  await context.destination.askExisting(requests, ({ file, blobs }, outcome) => {
    if (outcome?.differs || (blobs && outcome?.failure)) file.action = 'write';
    else if (file.action === 'compare') file.action = 'unchanged';
    if (outcome?.failure && !blobs) context.exceptions.add(file.path, 'mode', outcome.failure.detail);
    if (outcome?.problems) context.maker.note(file.path, outcome.problems);
  });
}

/** Reads files again, whole, and compares them with the hashes of their blobs. */
export async function verifyFiles(files: readonly FilePlan[], context: RunContext): Promise<void> {
  const requests = files.map((file) => ({ file, blobs: blobLengths(file.content, context.repository.index) ?? [], metadata: undefined }));
  await context.destination.askExisting(requests, ({ file }, outcome) => {
    if (outcome) context.exceptions.add(file.path, 'verification', outcome.failure?.detail ?? 'the content differs');
    else context.tally.counts.filesVerified += 1;
  });
}
