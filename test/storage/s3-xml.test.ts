import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { childOf, childrenOf, escapeXml, parseXml, textOf } from '../../src/storage/s3/xml.ts';

const parse = (text: string) => parseXml(Buffer.from(text));

test('an answer of S3 is read, with and without a declaration, a namespace and blanks', () => {
  const root = parse(
    '<?xml version="1.0" encoding="UTF-8"?>\n<List xmlns="http://s3.amazonaws.com/doc/2006-03-01/" a=\'b\'>\n  <Prefix/><Item ><Key>a &amp; b&#xe9;&#10;</Key></Item>\n  <s3:Item><Key>c</Key></s3:Item></List>\n',
  );
  assert(root !== undefined);
  assert.equal(textOf(root, 'Prefix'), '');
  assert.deepEqual(
    childrenOf(root, 'Item').map((item) => textOf(item, 'Key')),
    ['a & b\u00e9\n', 'c'],
  );
  assert.equal(textOf(childOf(root, 'Nothing'), 'Key'), undefined);
});

test('what no answer has is refused', () => {
  for (const text of [
    '',
    'text',
    '<a>',
    '</a>',
    '<a></b>',
    '<a/><b/>',
    '<a/>text',
    '<a>&e;</a>',
    '<a>&#x110000;</a>',
    '<a>& b</a>',
    '<!DOCTYPE a><a/>',
    '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
    '<a><!-- b --></a>',
    '<a><![CDATA[b]]></a>',
    '<a><?php ?></a>',
    '<a b=c/>',
    '<a b="<"/>',
    '<a'.repeat(3),
    `${'<a>'.repeat(17)}${'</a>'.repeat(17)}`,
  ])
    assert.equal(parse(text), undefined, text);
});

test('any text comes through as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(parse(`<a>${escapeXml(text)}</a>`)?.text, text.toWellFormed());
    }),
  );
});

test('bytes of any kind are read in a time that their length bounds, and never throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => void parseXml(bytes)));
  for (const piece of ['<a ', '<a b="c" ', '&amp;', '<', '<a>', 'b="', ' ']) parse(`<r ${piece.repeat(200_000)}`);
});
