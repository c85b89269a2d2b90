let current: string | undefined;

/**
 * Chooses the zone in which this process writes times that name no other: each process has to be told, as of the language.
 * @param name IANA name; undefined, or one that nobody here knows: the system's
 * @returns whether it is another one than before
 */
export function setTimeZone(name: string | undefined): boolean {
  const before = current;
  current = name !== undefined && isKnown(name) ? name : undefined;
  return current !== before;
}

/** Undefined: the system's. */
export function currentTimeZone(): string | undefined {
  return current;
}

function isKnown(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
