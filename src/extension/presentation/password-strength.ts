import { l10n } from '../../platform/index.ts';

export type Strength = 'weak' | 'fair' | 'strong';

/**
 * How hard a password is to guess for somebody who has stolen the repository: bits of a random one with this length and these kinds of
 * characters, less for repetition and for runs such as `1234`. An estimate that errs on the low side; nothing is looked up anywhere.
 */
export function strengthOf(password: string): Strength {
  const bits = guessBits(password);
  if (bits < 45) return 'weak';
  return bits < 70 ? 'fair' : 'strong';
}

export function strengthText(password: string): string {
  switch (strengthOf(password)) {
    case 'weak':
      return l10n.t('Weak. Take four or more words that do not belong together.');
    case 'fair':
      return l10n.t('Fair. One more word makes it strong.');
    case 'strong':
      return l10n.t('Strong.');
  }
}

function guessBits(password: string): number {
  const characters = [...password];
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z\d]/].map((kind) => kind.test(password));
  const alphabet = [26, 26, 10, 33].reduce((sum, size, at) => sum + (kinds[at] === true ? size : 0), 0);
  // A character that goes on from the one before it, or repeats it, adds nothing; one that was there already adds half.
  const worth = characters.reduce((sum, character, at) => {
    const step = (character.codePointAt(0) ?? 0) - (characters[at - 1]?.codePointAt(0) ?? Number.NaN);
    if (Math.abs(step) <= 1) return sum;
    return sum + (characters.indexOf(character) < at ? 0.5 : 1);
  }, 0);
  return worth * Math.log2(Math.max(2, alphabet));
}
