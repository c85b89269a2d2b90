import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { system } from '../../src/platform/index.ts';
import { anchorsOfTags, anchorTag, verifyHistory, type Anchor, type HistoryRecord, type PublicKey } from '../../src/records/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { makeHistory, someBackup } from './some-records.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';

const script = fileURLToPath(new URL('../../docs/verify-records.py', import.meta.url));
const tamperings = rounds({ sample: 200, long: 1000 });
const pythonSample = 60;

/** A history as text: what somebody with an editor has before him. */
interface Copy {
  readonly files: Map<string, string[]>;
  head: string | undefined;
}

/** Where the first wrong line has to be found; undefined where only the finding counts. */
interface Place {
  readonly file: string;
  readonly line: number;
}

interface Tampering {
  readonly name: string;
  readonly make: (copy: Copy, random: SeededRandom) => Place | undefined;
  /** The division into files is not its business. */
  readonly isBeyondPython?: true;
}

const folder = mkdtempSync(join(tmpdir(), 'cadangan-tampering-'));
let original: Copy;
let older: Copy;
let foreign: Copy;
let anchors: readonly Anchor[];
let publicKey: PublicKey | undefined;

before(async () => {
  const made = await makeHistory(join(folder, 'ours'), 45, 11);
  const { history } = made;
  older = read(history.folder);
  for (let more = 0; more < 20; more++) {
    await history.append(someBackup(made.random));
    await made.clock.advance(made.random.below(48) * 3_600_000);
  }
  original = read(history.folder);
  publicKey = await history.publicKey();
  anchors = anchorsOfTags(['accounting', anchorTag((await history.head())!)], 'snapshot 1a2b3c4d', 'backup@srv-01');
  foreign = read((await makeHistory(join(folder, 'foreign'), 70, 12)).history.folder);
  assert.ok(original.files.size >= 3, 'the history goes over several months');
});
after(() => rmSync(folder, { recursive: true, force: true }));

test(`${tamperings} tamperings are all found, at the first line that is wrong; Python finds those of a sample too`, async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  const counts = new Map<string, number>();
  const checks: Promise<void>[] = [];
  for (let at = 0; at < tamperings; at++) {
    const tampering = kinds[at % kinds.length]!;
    const copy: Copy = { files: new Map([...original.files].map(([name, lines]) => [name, [...lines]])), head: original.head };
    const place = tampering.make(copy, random);
    const about = `tampering ${at}, ${tampering.name}, seed ${seed}`;
    assert.notDeepEqual(copy.files, original.files, about);
    const tampered = join(folder, `tampered-${at}`);
    write(tampered, copy);
    const verification = await verifyHistory(tampered, { anchors, publicKey, owner: 'backup@srv-01' });
    assert.equal(verification.isIntact, false, about);
    const [first] = verification.faults;
    if (place) assert.deepEqual({ file: first?.file, line: first?.line }, place, `${about}: ${JSON.stringify(first)}`);
    counts.set(tampering.name, (counts.get(tampering.name) ?? 0) + 1);
    const isSampled = !system.isWindows && at % Math.floor(tamperings / pythonSample) === 0 && !tampering.isBeyondPython;
    if (isSampled)
      checks.push(
        python(tampered).then(({ code, says }) => {
          assert.equal(code, 1, `${about}: ${says}`);
          if (place && !says.startsWith('after ') && !says.includes('is known elsewhere'))
            assert.ok(says.startsWith(`${place.file} line ${place.line}:`), `${about}: ${says}`);
        }),
      );
    if (checks.length >= 8) await Promise.all(checks.splice(0));
    if (!isSampled) rmSync(tampered, { recursive: true });
  }
  await Promise.all(checks);
  t.diagnostic([...counts].map(([name, count]) => `${name} ${count}`).join(', '));
});

test('the untouched history is intact', async () => {
  const untouched = join(folder, 'untouched');
  write(untouched, original);
  const { isIntact, recordCount, anchorsCompared } = await verifyHistory(untouched, { anchors, publicKey });
  assert.deepEqual([isIntact, recordCount, anchorsCompared], [true, 66, 2]);
});

test('the untouched history is intact for Python, too', async () => {
  const untouched = join(folder, 'untouched-for-python');
  write(untouched, original);
  const { code, says } = await python(untouched);
  assert.equal(code, 0);
  assert.equal(says, `66 records, the last one ${anchors[0]?.hash}\nsigned with Ed25519 ${publicKey?.base64}`);
});

test('an anchor of somebody else, or a tag that is none, says nothing', async () => {
  const untouched = join(folder, 'untouched-2');
  write(untouched, original);
  const others = anchorsOfTags([`records:0123456789abcdef:9:${'0'.repeat(64)}`], 'snapshot', 'root@srv-02');
  assert.equal(others.length, 1);
  assert.ok((await verifyHistory(untouched, { anchors: others, owner: 'backup@srv-01' })).isIntact);
  for (const tag of [
    'records',
    'records:',
    'records:0123456789abcdef:0:',
    `records:0123456789abcdef:1e3:${'0'.repeat(64)}`,
    `records:0123456789abcdef:9:${'0'.repeat(64)}:x`,
    `record:0123456789abcdef:9:${'0'.repeat(64)}`,
  ]) {
    assert.deepEqual(anchorsOfTags([tag], '', ''), [], tag);
  }
});

const kinds: readonly Tampering[] = [
  {
    name: 'a character changed',
    make: (copy, random) =>
      edit(copy, random, (line) => {
        const at = random.below(line.length);
        const other = line[at] === 'x' ? 'y' : 'x';
        return line.slice(0, at) + other + line.slice(at + 1);
      }),
  },
  {
    name: 'a character put in',
    make: (copy, random) =>
      edit(copy, random, (line) => {
        const at = random.below(line.length);
        return `${line.slice(0, at)} ${line.slice(at)}`;
      }),
  },
  {
    name: 'a character taken out',
    make: (copy, random) =>
      edit(copy, random, (line) => {
        const at = random.below(line.length);
        return line.slice(0, at) + line.slice(at + 1);
      }),
  },
  {
    name: 'a failure turned into a success',
    make: (copy, random) => edit(copy, random, (line) => JSON.stringify({ ...parse(line), result: 'failed' })),
  },
  {
    name: 'content changed and its own hash made right',
    make: (copy, random) => edit(copy, random, (line) => rehashed({ ...parse(line), result: 'failed' }, parse(line).signature)),
  },
  { name: 'a line taken out', make: (copy, random) => removed(copy, random, 1) },
  { name: 'several lines taken out', make: (copy, random) => removed(copy, random, 2 + random.below(6)) },
  {
    name: 'a line doubled',
    make: (copy, random) => {
      const { file, line } = anyLine(copy, random);
      const lines = linesOf(copy, file);
      lines.splice(line, 0, lines[line - 1]!);
      return { file, line: line + 1 };
    },
  },
  {
    name: 'an old line put in elsewhere',
    make: (copy, random) => {
      const { file, line } = anyLine(copy, random);
      linesOf(copy, file).splice(line - 1, 0, linesOf(copy, firstFile(copy))[0]!);
      return file === firstFile(copy) && line === 1 ? { file, line: 2 } : { file, line };
    },
  },
  {
    name: 'a line of another history put in',
    make: (copy, random) => {
      const place = anyLine(copy, random);
      linesOf(copy, place.file).splice(place.line - 1, 0, [...foreign.files.values()].flat()[place.line]!);
      return place;
    },
  },
  {
    name: 'an empty line put in',
    make: (copy, random) => {
      const place = anyLine(copy, random);
      linesOf(copy, place.file).splice(place.line - 1, 0, '');
      return place;
    },
  },
  {
    name: 'two lines swapped',
    make: (copy, random) => {
      const { file, line } = anyLine(copy, random, { notLast: true });
      const lines = linesOf(copy, file);
      [lines[line - 1], lines[line]] = [lines[line]!, lines[line - 1]!];
      return { file, line };
    },
  },
  {
    name: 'a file turned round',
    make: (copy, random) => {
      const file = anyFile(copy, random);
      linesOf(copy, file).reverse();
      return { file, line: 1 };
    },
  },
  {
    name: 'the end of the last file cut off',
    make: (copy, random) => {
      const file = lastFile(copy);
      const lines = linesOf(copy, file);
      lines.length -= 1 + random.below(lines.length - 1);
      return { file, line: lines.length + 1 };
    },
  },
  {
    name: 'the end and the head cut off',
    make: (copy, random) => {
      const file = lastFile(copy);
      const lines = linesOf(copy, file);
      lines.length -= 1 + random.below(lines.length - 1);
      const last = parse(lines.at(-1)!);
      copy.head = JSON.stringify({ ...JSON.parse(original.head!), number: last.number, hash: last.hash });
      return { file, line: lines.length + 1 };
    },
  },
  {
    name: 'the end of another file cut off',
    make: (copy, random) => {
      const names = [...copy.files.keys()];
      const at = random.below(names.length - 1);
      linesOf(copy, names[at]!).pop();
      return { file: names[at + 1]!, line: 1 };
    },
  },
  {
    name: 'the last line torn',
    make: (copy, random) => {
      const file = lastFile(copy);
      const lines = linesOf(copy, file);
      const torn = lines.pop()!;
      lines.push(`\0${torn.slice(0, 1 + random.below(torn.length - 1))}`); // written without a line feed
      return { file, line: lines.length };
    },
  },
  {
    name: 'a file taken away',
    make: (copy, random) => {
      const names = [...copy.files.keys()];
      const at = random.below(names.length);
      copy.files.delete(names[at]!);
      const next = names[at + 1];
      return next === undefined ? { file: names[at - 1]!, line: linesOf(copy, names[at - 1]!).length + 1 } : { file: next, line: 1 };
    },
  },
  {
    name: 'two files swapped',
    make: (copy) => {
      const [first, second] = [...copy.files.keys()];
      const lines = linesOf(copy, first!);
      copy.files.set(first!, linesOf(copy, second!));
      copy.files.set(second!, lines);
      return { file: first!, line: 1 };
    },
  },
  {
    name: 'a line moved into the next file',
    isBeyondPython: true,
    make: (copy, random) => {
      const names = [...copy.files.keys()];
      const at = random.below(names.length - 1);
      linesOf(copy, names[at + 1]!).unshift(linesOf(copy, names[at]!).pop()!);
      return { file: names[at + 1]!, line: 1 };
    },
  },
  { name: 'all from some line on written anew with another key', make: (copy, random) => forge(copy, random, false) },
  { name: 'all from some line on written anew, the key kept as it was named', make: (copy, random) => forge(copy, random, true) },
  {
    name: 'everything replaced by another history',
    make: (copy) => {
      copy.files.clear();
      for (const [name, lines] of foreign.files) copy.files.set(name, lines);
      copy.head = foreign.head;
      return { file: firstFile(copy), line: 1 };
    },
  },
  {
    name: 'everything taken back to an older state',
    make: (copy) => {
      copy.files.clear();
      for (const [name, lines] of older.files) copy.files.set(name, lines);
      copy.head = older.head;
      return { file: lastFile(copy), line: linesOf(copy, lastFile(copy)).length + 1 };
    },
  },
  {
    name: 'everything taken away',
    make: (copy) => {
      copy.files.clear();
      copy.head = undefined;
      return undefined;
    },
  },
];

/** Somebody who knows the format writes the rest of the chain anew, with a key of his own. */
function forge(copy: Copy, random: SeededRandom, hidesKey: boolean): Place {
  const { privateKey, publicKey: own } = generateKeyPairSync('ed25519');
  const keyId = createHash('sha256')
    .update(own.export({ type: 'spki', format: 'der' }).subarray(12))
    .digest('hex')
    .slice(0, 16);
  const place = anyLine(copy, random);
  let previous: string | undefined;
  let isBehind = false;
  for (const [file, lines] of copy.files) {
    for (const [at, line] of lines.entries()) {
      isBehind ||= file === place.file && at === place.line - 1;
      if (!isBehind) continue;
      const record = parse(line);
      const changed = {
        ...record,
        ...(previous !== undefined && { previous }),
        ...(!hidesKey && { key: keyId }),
        result: 'success' as const,
        remarks: 'nothing happened',
      };
      lines[at] = signed(changed, privateKey);
      previous = parse(lines[at]!).hash;
    }
  }
  const last = parse(linesOf(copy, lastFile(copy)).at(-1)!);
  copy.head = JSON.stringify({ ...JSON.parse(original.head!), number: last.number, hash: last.hash });
  return place;
}

function signed({ signature: _signature, hash: _hash, ...content }: HistoryRecord, key: KeyObject): string {
  const body = JSON.stringify(content).slice(0, -1);
  return rehashed({ ...content, signature: '', hash: '' }, sign(null, Buffer.from(body), key).toString('base64'));
}

function rehashed({ signature: _signature, hash: _hash, ...content }: HistoryRecord, signature: string): string {
  const hashed = `${JSON.stringify(content).slice(0, -1)},"signature":"${signature}"`;
  return `${hashed},"hash":"${createHash('sha256').update(hashed).digest('hex')}"}`;
}

function edit(copy: Copy, random: SeededRandom, change: (line: string) => string): Place {
  const place = anyLine(copy, random);
  const lines = linesOf(copy, place.file);
  const line = lines[place.line - 1]!;
  lines[place.line - 1] = change(line);
  return place;
}

function removed(copy: Copy, random: SeededRandom, count: number): Place {
  const { file, line } = anyLine(copy, random);
  const lines = linesOf(copy, file);
  const names = [...copy.files.keys()];
  lines.splice(line - 1, count);
  if (line <= lines.length) return { file, line };
  const next = names[names.indexOf(file) + 1];
  if (next !== undefined) return { file: next, line: 1 };
  return lines.length > 0 ? { file, line } : { file: names.at(-2)!, line: linesOf(copy, names.at(-2)!).length + 1 };
}

function anyLine(copy: Copy, random: SeededRandom, { notLast = false } = {}): Place {
  for (;;) {
    const file = anyFile(copy, random);
    const count = linesOf(copy, file).length - (notLast ? 1 : 0);
    if (count > 0) return { file, line: 1 + random.below(count) };
  }
}

function anyFile(copy: Copy, random: SeededRandom): string {
  return [...copy.files.keys()][random.below(copy.files.size)]!;
}

const firstFile = (copy: Copy): string => [...copy.files.keys()][0]!;
const lastFile = (copy: Copy): string => [...copy.files.keys()].at(-1)!;
const linesOf = (copy: Copy, file: string): string[] => copy.files.get(file)!;
const parse = (line: string): HistoryRecord => JSON.parse(line) as HistoryRecord;

function read(from: string): Copy {
  const names = readdirSync(from)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
  return {
    files: new Map(names.map((name) => [name, readFileSync(join(from, name), 'utf8').trimEnd().split('\n')])),
    head: readFileSync(join(from, 'head.json'), 'utf8'),
  };
}

function write(to: string, { files, head }: Copy): void {
  mkdirSync(to, { recursive: true });
  for (const [name, lines] of files)
    writeFileSync(join(to, name), lines.map((line) => (line.startsWith('\0') ? line.slice(1) : `${line}\n`)).join(''));
  if (head !== undefined) writeFileSync(join(to, 'head.json'), head);
}

/** The auditor's own program. */
async function python(records: string): Promise<{ readonly code: number; readonly says: string }> {
  const heads = anchors.map(({ number, hash }) => `${number}:${hash}`);
  try {
    const { stdout } = await promisify(execFile)('python3', [script, records, '--key', publicKey?.base64 ?? '', ...heads]);
    return { code: 0, says: stdout.trim() };
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: unknown };
    return { code: Number(code), says: String(stderr).trim() };
  }
}
