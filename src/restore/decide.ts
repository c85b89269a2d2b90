import { sameTime } from './metadata.ts';
import type { Existing, FileAction } from './plan.ts';
import type { OverwritePolicy } from './restore-options.ts';

/** What to do about a regular file. `blocked`: a folder has its name, which only `always` may replace. */
export function decideFile(
  policy: OverwritePolicy,
  existing: Existing | undefined,
  file: { sizeBytes: bigint; mtime: number },
): FileAction | 'blocked' {
  if (!existing) return 'write';
  const isSameSize = existing.kind === 'file' && existing.sizeBytes === file.sizeBytes;
  if (policy === 'always') return isSameSize ? 'compare' : 'write';
  if (policy === 'if-changed' && isSameSize && sameTime(existing.mtime, file.mtime)) return 'unchanged';
  return replaceOrSkip(policy, existing, file.mtime);
}

/** What to do about a symbolic link. @param isSame there is a link with the same target */
export function decideLink(
  policy: OverwritePolicy,
  existing: Existing | undefined,
  mtime: number,
  isSame: boolean,
): 'write' | 'unchanged' | 'skip' | 'blocked' {
  if (!existing) return 'write';
  if (policy === 'always') return isSame ? 'unchanged' : 'write';
  if (policy === 'if-changed' && isSame) return 'unchanged';
  return replaceOrSkip(policy, existing, mtime);
}

function replaceOrSkip(policy: OverwritePolicy, existing: Existing, mtime: number): 'write' | 'skip' | 'blocked' {
  if (policy === 'never') return 'skip';
  if (policy === 'if-newer' && (mtime < existing.mtime || sameTime(mtime, existing.mtime))) return 'skip';
  return existing.kind === 'folder' ? 'blocked' : 'write';
}
