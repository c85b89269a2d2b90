import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFrame, FrameReader, messageBytesMax } from '../../src/host/message-frame.ts';

function framesOf(pieces: Iterable<Uint8Array>, bytesMax = messageBytesMax): unknown[] {
  const reader = new FrameReader(bytesMax);
  return [...pieces].flatMap((piece) => [...reader.take(Buffer.from(piece))]);
}

/** Cut at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1))), bytes.length].toSorted((a, b) => a - b);
  return ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end));
}

test('messages arrive as they were sent, bytes as bytes, however the socket cuts them', () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array(),
      fc.array(tie('value')),
      fc.dictionary(
        fc.string().filter((name) => name !== '$bytes' && name !== '__proto__' && name !== 'toJSON'),
        tie('value'),
        { noNullPrototype: true },
      ),
    ),
  })).value;
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), fc.array(fc.nat()), (messages, places) => {
      const bytes = Buffer.concat(messages.map((message) => encodeFrame(message)));
      assert.deepEqual(framesOf(cut(bytes, places)), messages);
    }),
    { verbose: 1 },
  );
});

test('a Buffer is bytes like any other', () => {
  assert.deepEqual(framesOf([encodeFrame({ content: Buffer.from('abc') })]), [{ content: new Uint8Array([97, 98, 99]) }]);
});

test('a long message in many pieces is put together once', () => {
  const bytes = new Uint8Array(20_000_000).fill(7);
  const frame = encodeFrame({ bytes });
  const pieces = cut(
    frame,
    Array.from({ length: 3000 }, (_, at) => at * 7919),
  );
  const [message] = framesOf(pieces) as [{ bytes: Uint8Array }];
  assert.equal(Buffer.compare(message.bytes, bytes), 0);
});

test('what no peer of ours sends is refused: too long, shorter than it says, no JSON, bytes that are not there', () => {
  const frame = (rest: Buffer): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(rest.length);
    return Buffer.concat([head, rest]);
  };
  const withJson = (text: string, jsonBytes = Buffer.byteLength(text)): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(jsonBytes);
    return frame(Buffer.concat([head, Buffer.from(text)]));
  };
  assert.deepEqual(framesOf([withJson('{"a":1}')]), [{ a: 1 }]);
  const bad = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    frame(Buffer.alloc(3)),
    withJson('{"a":1}', 8),
    withJson('{"a":'),
    withJson('{"$bytes":[0,1]}'),
    withJson('{"$bytes":[-1,0]}'),
    withJson('{"$bytes":["0",0]}'),
    withJson('{"$bytes":7}'),
  ];
  for (const bytes of bad) assert.throws(() => framesOf([bytes]), SyntaxError, bytes.toString('latin1'));
  assert.throws(() => framesOf([encodeFrame({ text: 'x'.repeat(5000) })], 4096), SyntaxError);
  assert.throws(() => encodeFrame({ bytes: new Uint8Array(messageBytesMax) }), RangeError);
});
