import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseLocation } from '../../src/storage/index.ts';
import { S3Place, type S3Style } from '../../src/storage/s3/s3-place.ts';
import { failsWith } from './conformance.ts';

function placeOf(text: string, style?: S3Style): S3Place {
  const parsed = parseLocation(text);
  assert(parsed.scheme === 's3');
  return new S3Place(parsed, style);
}

const name = 'ab'.repeat(32);

describe('an object has an address', () => {
  for (const [location, region, style, url] of [
    ['s3:http://127.0.0.1:9000/bucket/deep/repo', 'us-east-1', 'auto', 'http://127.0.0.1:9000/bucket/deep/repo/config'],
    ['s3:https://minio.example/bucket', 'us-east-1', 'host', 'https://bucket.minio.example/config'],
    ['s3:s3.amazonaws.com/bucket/repo', 'us-east-1', 'auto', 'https://bucket.s3.amazonaws.com/repo/config'],
    ['s3:s3.amazonaws.com/bucket/repo', 'ap-southeast-3', 'auto', 'https://bucket.s3.ap-southeast-3.amazonaws.com/repo/config'],
    ['s3:s3.eu-west-1.amazonaws.com/with.dots', 'eu-west-1', 'auto', 'https://s3.eu-west-1.amazonaws.com/with.dots/config'],
    ['s3:s3.eu-west-1.amazonaws.com/bucket', 'eu-west-1', 'path', 'https://s3.eu-west-1.amazonaws.com/bucket/config'],
    ['s3:https://amazonaws.com.example/bucket', 'us-east-1', 'auto', 'https://amazonaws.com.example/bucket/config'],
    ['s3:http://h/b/a+b (1)&é', 'us-east-1', 'auto', 'http://h/b/a%2Bb%20%281%29%26%C3%A9/config'],
  ] as const)
    test(`${location} in ${style} style, ${region}`, () => {
      const place = placeOf(location, style);
      assert.equal(place.urlOf(place.keyOf({ kind: 'config', name: '' }), {}, region).href, url);
    });

  test('and the bucket one with a question', () => {
    const place = placeOf('s3:http://h/b/p');
    assert.equal(place.urlOf(undefined, { prefix: 'p/a&b', 'list-type': '2' }, 'x').href, 'http://h/b?prefix=p%2Fa%26b&list-type=2');
  });
});

test('the region is read from the hosts of those whose way of naming is known', () => {
  for (const [host, region] of [
    ['s3.ap-southeast-3.amazonaws.com', 'ap-southeast-3'],
    ['s3-eu-west-1.amazonaws.com', 'eu-west-1'],
    ['s3.dualstack.us-west-2.amazonaws.com', 'us-west-2'],
    ['s3.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
    ['s3.us-west-004.backblazeb2.com', 'us-west-004'],
    ['s3.eu-central-1.wasabisys.com', 'eu-central-1'],
    ['s3.amazonaws.com', undefined],
    ['s3.perusahaan.co.id', undefined],
    ['minio.example', undefined],
    ['127.0.0.1', undefined],
  ] as const)
    assert.equal(placeOf(`s3:http://${host}/bucket`).regionOfHost, region, host);
});

test('objects that are no files of the repository are strangers', () => {
  const place = placeOf('s3:http://h/b/deep/repo');
  assert.equal(place.nameOf('data', `deep/repo/data/ab/${name}`), name);
  assert.equal(place.nameOf('keys', `deep/repo/keys/${name}`), name);
  for (const key of [
    `deep/repo/data/${name}`,
    `deep/repo/data/zz/${name}`,
    `deep/repo/data/ab/${name}/inside`,
    `deep/repo/data/ab/${name.toUpperCase()}`,
    `deep/repo/data/ab/../ab/${name}`,
    `deep/data/ab/${name}`,
    '',
  ])
    assert.equal(place.nameOf('data', key), undefined, key);
});

test('a bucket or a prefix that an address would lead astray is refused', () => {
  const endpoint = new URL('http://h/');
  for (const [bucket, prefix] of [
    ['..', ''],
    ['', 'x'],
    ['a/b', ''],
    ['b', '../other'],
    ['b', 'x/./y'],
  ] as const)
    assert.throws(() => new S3Place({ endpoint, bucket, prefix }), failsWith('storage.invalid-location'), `${bucket} ${prefix}`);
});

test('a bucket never makes another host of an address', () => {
  const endpoint = new URL('https://s3.amazonaws.com/');
  for (const bucket of ['my bucket', 'a#b', 'MyBucket', 'a@b', 'a?b', 'a.b', `${'a'.repeat(64)}`]) {
    assert.equal(new S3Place({ endpoint, bucket, prefix: '' }).urlOf(undefined, {}, 'us-east-1').hostname, 's3.amazonaws.com', bucket);
    assert.throws(() => new S3Place({ endpoint, bucket, prefix: '' }, 'host'), failsWith('storage.invalid-location'), bucket);
  }
  const place = new S3Place({ endpoint, bucket: 'good', prefix: '' });
  assert.equal(place.urlOf(undefined, {}, 'us-east-1').hostname, 'good.s3.amazonaws.com');
  assert.equal(place.urlOf(undefined, {}, 'evil.example/#').hostname, 'good.s3.amazonaws.com');
});
