/** Where letters lie that got their capital after Unicode 5.1, or lost one: Windows froze its table then. First and last of each range. */
const laterCapitals: readonly (readonly [number, number])[] = [
  [0x037f, 0x037f],
  [0x0524, 0x052f],
  [0x10c7, 0x10cd],
  [0x13a0, 0x13f5],
  [0x1c80, 0x1cbf],
  [0x1e9e, 0x1e9e], // the capital of sharp s, which Windows never took
  [0x2c2f, 0x2c2f],
  [0x2c70, 0x2c70],
  [0x2c7e, 0x2c7f],
  [0x2ceb, 0x2cf2],
  [0xa660, 0xa661],
  [0xa698, 0xa69b],
  [0xa78d, 0xa7ff],
];

/**
 * The table by which Windows' kernel and NTFS (`$UpCase`, written at each formatting) take two names for one: for each UTF-16 unit that of
 * its capital ([MS-UCODEREF] 3.1.5.3). It is Unicode's simple mapping turned around: a unit has a capital where some unit's small letter is
 * it, the first such. The whole of it has the MD5 of the file of Windows 7 to 11, which a test asks for.
 */
export function upperCaseTable(): Uint16Array {
  const table = Uint16Array.from({ length: 0x10000 }, (_, unit) => unit);
  for (let capital = 0; capital < table.length; capital++) {
    const small = String.fromCharCode(capital).toLowerCase();
    const unit = small.charCodeAt(0);
    const isCapital = small.length === 1 && unit !== capital && table[unit] === unit;
    if (isCapital && !laterCapitals.some(([first, last]) => capital >= first && capital <= last)) table[unit] = capital;
  }
  return table;
}

let table: Uint16Array | undefined;

/**
 * What two names have in common that are one on NTFS. Only single units are mapped and nothing is normalised: `ß` is not `SS`, and `é` as
 * one unit and as two are two names.
 */
export function upperCaseOfWindows(text: string): string {
  // Most names are ASCII, for which all rules agree.
  if (/^[\x00-\x7f]*$/.test(text)) return text.toUpperCase();
  const known = (table ??= upperCaseTable());
  let folded = '';
  for (let at = 0; at < text.length; at++) folded += String.fromCharCode(known[text.charCodeAt(at)] ?? 0);
  return folded;
}
