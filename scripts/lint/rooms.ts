/**
 * The floors of the house, lowest first. A room is a folder of `src/`; it uses rooms of lower floors, through their door
 * `index.ts`, and no other room of its own floor.
 */
const floors: readonly (readonly string[])[] = [
  ['platform', 'settings', 'http'],
  ['http', 'platform'], // errors, pace
  ['storage', 'google'],
  ['repository', 'records', 'schedule'],
  ['backup', 'restore', 'upkeep', 'offsite', 'browse', 'notices'],
  ['jobs'],
  ['service'],
  ['host'],
  ['cli', 'extension'],
];

/** Neighbours on one floor that may be used all the same. */
const neighbours: readonly (readonly [user: string, used: string])[] = [
  ['settings', 'platform'], // typed errors
  ['http', 'platform'], // errors, pace
  ['storage', 'google'], // `gdrive:` is a storage over the Drive client
];

/**
 * Why `from` may not import `to`, or undefined when it may. Both are paths inside `src/` with forward slashes, e.g.
 * `backup/walk.ts` and `repository/index.ts`.
 */
export function whyForbidden(from: string, to: string): string | undefined {
  const user = roomOf(from);
  const used = roomOf(to);
  if (user === used) return undefined;
  const [userFloor, usedFloor] = [floorOf(user), floorOf(used)];
  if (userFloor < 0) return `"${user}" is not a room: add it to scripts/lint/rooms.ts`;
  if (usedFloor < 0) return `"${used}" is not a room: add it to scripts/lint/rooms.ts`;
  const isNeighbour = neighbours.some(([a, b]) => a === user && b === used);
  if (usedFloor > userFloor) return `${user} (floor ${userFloor}) may not use ${used} (floor ${usedFloor}) above it`;
  if (usedFloor === userFloor && !isNeighbour) return `${user} may not use ${used}, its neighbour on floor ${userFloor}`;
  if (to !== `${used}/index.ts`) return `import ${used} through its door, ${used}/index.ts`;
  return undefined;
}

/** Translations are data; they lie where VS Code looks for them, in `l10n/`. */
export function isTranslation(specifier: string): boolean {
  return /^(?:\.\.\/)+l10n\/[^/]+\.json$/.test(specifier);
}

function roomOf(path: string): string {
  return path.split('/')[0] ?? '';
}

function floorOf(room: string): number {
  return floors.findIndex((rooms) => rooms.includes(room));
}
