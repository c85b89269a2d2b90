const unitBytes: Readonly<Record<string, number>> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bytes of a size as restic takes it: `500k`, `20M`, `1G`, without a unit in bytes. Undefined when it is none. */
export function parseSizeText(text: string): number | undefined {
  const parts = /^(\d+)([bkmgt]?)$/i.exec(text);
  const sizeBytes = Number(parts?.[1]) * (unitBytes[parts?.[2]?.toLowerCase() || 'b'] ?? 1);
  return Number.isSafeInteger(sizeBytes) ? sizeBytes : undefined;
}
