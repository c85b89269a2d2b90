import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { upperCaseOfWindows, upperCaseTable } from '../../src/platform/ntfs-names.ts';

test('the table is, byte for byte, the $UpCase that Windows writes', () => {
  const bytes = Buffer.alloc(0x20000);
  for (const [unit, capital] of upperCaseTable().entries()) bytes.writeUInt16LE(capital, unit * 2);
  // Of a volume that Windows 7 or later formatted; ntfs-3g names it, too (libntfs-3g/unistr.c).
  assert.equal(createHash('md5').update(bytes).digest('hex'), '7ff498a44e45e77374cc7c962b1b92f2');
});

test('names that differ in case alone are one, and no others', () => {
  const same = (one: string, other: string) => upperCaseOfWindows(one) === upperCaseOfWindows(other);
  for (const [one, other] of [
    ['Laporan.XLSX', 'laporan.xlsx'],
    ['ÉTÉ', 'été'],
    ['ДОМ', 'дом'],
    ['ΑΣ', 'ας'.replace('ς', 'σ')],
    ['ÿ', 'Ÿ'],
  ] as const)
    assert.ok(same(one, other), `${one} ${other}`);
  for (const [one, other] of [
    ['straße', 'STRASSE'],
    ['é', 'e\u0301'],
    ['i', 'ı'],
    ['I', 'İ'],
    ['K', '\u212a'], // the sign of Kelvin
    ['ς', 'σ'],
    ['ა', 'Ა'], // Georgian got capitals in Unicode 11
    ['😀', '😁'],
    ['𐐨', '𐐀'], // Deseret: a pair of units has no capital
  ] as const)
    assert.ok(!same(one, other), `${one} ${other}`);
});
