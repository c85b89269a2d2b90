import { CadanganError, type Random } from '../platform/index.ts';
import type { PresentPack } from './check-packs.ts';

/**
 * Which packs `--read-data-subset` reads. A part is the same packs each time, so that parts 1 to `parts` are all; the others are samples.
 */
export type ReadSubset =
  | { readonly kind: 'part'; /** From 1. */ readonly part: number; readonly parts: number }
  | { readonly kind: 'percent'; readonly percent: number }
  | { readonly kind: 'bytes'; readonly bytes: number };

/** The first byte of a pack's name tells its part. */
const partsMax = 256;

/**
 * restic's notation: `2/5`, `2.5%`, or a size such as `500M` or `1g`.
 * @throws `arguments.invalid` with `option` and `value`
 */
export function parseReadSubset(text: string): ReadSubset {
  const part = /^(\d{1,3})\/(\d{1,3})$/.exec(text);
  if (part) {
    const subset = { kind: 'part', part: Number(part[1]), parts: Number(part[2]) } as const;
    if (subset.part >= 1 && subset.part <= subset.parts && subset.parts <= partsMax) return subset;
    throw badSubset(text, `n/t needs 1 <= n <= t <= ${partsMax}`);
  }
  const percent = /^(\d{1,3}(?:\.\d{1,9})?)%$/.exec(text);
  if (percent) {
    const subset = { kind: 'percent', percent: Number(percent[1]) } as const;
    if (subset.percent > 0 && subset.percent <= 100) return subset;
    throw badSubset(text, 'a percentage is above 0 and at most 100');
  }
  const size = /^(\d{1,15})([kKmMgGtT]?)$/.exec(text);
  const bytes = size ? Number(size[1]) * 1024 ** ' kmgt'.indexOf((size[2] || ' ').toLowerCase()) : 0;
  if (bytes > 0 && Number.isSafeInteger(bytes)) return { kind: 'bytes', bytes };
  throw badSubset(text, 'expected n/t, a percentage or a size');
}

/** @param random chooses a sample, without favour */
export function choosePacks(packs: readonly PresentPack[], subset: ReadSubset, random: Random): readonly PresentPack[] {
  switch (subset.kind) {
    case 'part':
      return packs.filter(({ id }) => parseInt(id.slice(0, 2), 16) % subset.parts === subset.part - 1);
    case 'percent':
      return sample(packs, { part: subset.percent, whole: 100 }, random);
    case 'bytes': {
      const totalBytes = packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      return sample(packs, { part: Math.min(subset.bytes, totalBytes), whole: Math.max(1, totalBytes) }, random);
    }
  }
}

/** As restic: a share of the packs by number, at least one. */
function sample(
  packs: readonly PresentPack[],
  { part, whole }: { readonly part: number; readonly whole: number },
  random: Random,
): readonly PresentPack[] {
  // Multiplied first: 50 times 0.58 is less than 29.
  const wanted = Math.max(1, Math.floor((packs.length * part) / whole));
  const shuffled = [...packs];
  const bits = new Uint32Array(1);
  const chosen: PresentPack[] = [];
  while (chosen.length < wanted && shuffled.length > 0) {
    random.fill(new Uint8Array(bits.buffer));
    // 32 random bits for a few thousand packs: the favour of the modulo is below one in a hundred thousand.
    const at = (bits[0] ?? 0) % shuffled.length;
    const pack = shuffled[at];
    const last = shuffled.pop();
    if (last && at < shuffled.length) shuffled[at] = last;
    if (pack) chosen.push(pack);
  }
  return chosen;
}

function badSubset(value: string, reason: string): CadanganError {
  return new CadanganError('arguments.invalid', { option: 'read-data-subset', value, reason });
}
