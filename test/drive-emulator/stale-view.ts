import type { StoredFile } from './model.ts';
import type { Searchable } from './query-match.ts';
import type { Store } from './store.ts';

/** The file as an index knows it that learned nothing since `asOfMs`; undefined: it does not know it. */
export function asSeenAt(store: Store, file: StoredFile, asOfMs: number, client: string): Searchable | undefined {
  const isCurrent = asOfMs >= store.nowMs();
  // Who looks an hour back at a file made a minute ago finds nothing.
  const placement = isCurrent ? file.placements.at(-1) : file.placements.findLast(({ atMs }) => atMs <= asOfMs);
  if (placement === undefined) return undefined;
  return {
    name: placement.name,
    parent: placement.parent,
    owner: file.owner,
    mimeType: file.mimeType,
    isTrashed: isCurrent ? store.isTrashed(file) : placement.explicitlyTrashed || isParentTrashed(store, placement.parent),
    isStarred: file.starred,
    createdMs: file.createdMs,
    modifiedMs: file.modifiedMs,
    properties: file.properties,
    appProperties: file.appProperties[client] ?? {},
    shortcutTarget: file.shortcutTarget,
  };
}

function isParentTrashed(store: Store, parent: string | undefined): boolean {
  const folder = parent === undefined ? undefined : store.get(parent);
  return folder !== undefined && store.isTrashed(folder);
}
