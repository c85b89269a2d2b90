import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse, type ParseError } from 'jsonc-parser';
import { isCode } from '../../src/platform/index.ts';
import { editConfiguration, parseConfiguration, type BackupSetInput, type ConfigurationEdit } from '../../src/settings/index.ts';

const written = `// Cabang Surabaya
{
    "version": 1, // of the format
    "sets": [
        // keuangan, ask Rina
        {
            "name": "accounting", // as in the SOP
            "sources": [
                "/srv/a", // ledgers
                "/srv/b" // scans
            ],
            "repository": { "location": "/mnt/backup" /* the NAS */ },
            "schedule": { "window": "21:00-23:00" } // after the shift
        }, // end of accounting
        { "name": "mail", "sources": ["/srv/mail"], "repository": { "location": "/mnt/backup" } } // the last one
        // more to come
    ]
}
// end
`;

const newSet: BackupSetInput = { name: 'new', sources: ['/srv/n'], repository: { location: '/r', passwordFile: undefined } };

test('a change touches the changed value and nothing else', () => {
  const edited = editConfiguration(written, {
    kind: 'change-set',
    name: 'accounting',
    values: { schedule: { window: '20:00-22:00' }, sources: ['/srv/a', '/srv/c'] },
  });
  assert.equal(
    edited,
    written
      .replace('21:00-23:00', '20:00-22:00')
      .replace(
        '"/srv/a", // ledgers\n                "/srv/b" // scans',
        '"/srv/a", // ledgers\n                // scans\n                "/srv/c"',
      ),
  );
});

test('a new set stands behind the last one and its comments, in the layout of the file', () => {
  const edited = editConfiguration(written, { kind: 'add-set', set: newSet });
  const added = `\n        {\n            "name": "new",\n            "sources": ["/srv/n"],\n            "repository": {\n                "location": "/r"\n            }\n        }`;
  assert.equal(
    edited,
    written.replace('} } // the last one', '} }, // the last one').replace('// more to come', `// more to come${added}`),
  );
});

test('a removed set leaves the comments around it', () => {
  assert.equal(
    editConfiguration(written, { kind: 'remove-set', name: 'MAIL' }),
    written.replace('        }, // end', '        } // end').replace(/ {8}\{ "name": "mail".*\} \} /, '        '),
  );
  const first = editConfiguration(written, { kind: 'remove-set', name: 'accounting' });
  assert.ok(
    first.includes('    "sets": [\n        // keuangan, ask Rina\n') &&
      first.includes('// end of accounting') &&
      !first.includes('"accounting"'),
  );
});

test('a key can be added, taken out and changed for the whole file', () => {
  const withZone = editConfiguration(written, {
    kind: 'change-general',
    values: { timeZone: 'Asia/Jakarta', organisation: 'PT "Contoh"' },
  });
  assert.ok(withZone.includes('    ],\n    "timeZone": "Asia/Jakarta",\n    "organisation": "PT \\"Contoh\\""\n}'));
  assert.equal(editConfiguration(withZone, { kind: 'change-general', values: { timeZone: undefined, organisation: undefined } }), written);
});

test('what is equal already changes not one byte', () => {
  assert.equal(
    editConfiguration(written, {
      kind: 'change-set',
      name: 'accounting',
      values: { sources: ['/srv/a', '/srv/b'], title: undefined, schedule: { window: '21:00-23:00' } },
    }),
    written,
  );
});

test('the first set makes the file', () => {
  const text = editConfiguration(undefined, { kind: 'add-set', set: newSet });
  assert.equal(
    text,
    '// Backup sets of this server. Passwords never stand in this file.\n{\n  "version": 1,\n  "sets": [\n    {\n      "name": "new",\n      "sources": ["/srv/n"],\n      "repository": {\n        "location": "/r"\n      }\n    }\n  ]\n}\n',
  );
  assert.deepEqual(parseConfiguration(text).problems, []);
  assert.match(editConfiguration('// mine\n', { kind: 'add-set', set: newSet }), /^\/\/ mine\n\{\n/);
});

test('line ends and tabs of the file are kept', () => {
  const edited = editConfiguration('{\r\n\t"sets": [\r\n\t]\r\n}', { kind: 'add-set', set: newSet });
  assert.equal(edited.replaceAll('\r\n', '').includes('\n'), false);
  assert.ok(edited.includes('\r\n\t\t{\r\n\t\t\t"name": "new"'));
});

test('trailing commas stay right', () => {
  const text = '{ "version": 1, "sets": [ { "name": "a", "sources": ["/a",], "repository": { "location": "/r", }, }, ], }';
  assert.deepEqual(parseConfiguration(editConfiguration(text, { kind: 'remove-set', name: 'a' })).problems, []);
  assert.deepEqual(parseConfiguration(editConfiguration(text, { kind: 'add-set', set: newSet })).configuration.sets.length, 2);
  assert.ok(editConfiguration(text, { kind: 'change-set', name: 'a', values: { sources: ['/b'] } }).includes('["/b"'));
});

test('refused: what would be wrong, names that are missing or taken, and a text with mistakes', () => {
  const cases: readonly (readonly [text: string, edit: ConfigurationEdit, code: Parameters<typeof isCode>[1]])[] = [
    [written, { kind: 'remove-set', name: 'none' }, 'set.unknown'],
    [written, { kind: 'change-set', name: 'none', values: {} }, 'set.unknown'],
    [written, { kind: 'add-set', set: { ...newSet, name: 'Mail' } }, 'set.exists'],
    [written, { kind: 'change-set', name: 'mail', values: { name: 'accounting' } }, 'set.exists'],
    [written, { kind: 'add-set', set: { ...newSet, sources: ['relative'] } }, 'config.invalid'],
    [written, { kind: 'add-set', set: { ...newSet, name: '' } }, 'config.invalid'],
    [written, { kind: 'change-set', name: 'mail', values: { rpoHours: -1 } }, 'config.invalid'],
    [written, { kind: 'change-general', values: { timeZone: 'Mars' } }, 'config.invalid'],
    [written.replace('"version": 1,', '"version": 1'), { kind: 'add-set', set: newSet }, 'config.invalid'],
    [written.replace('"version": 1,', '"version": 1, "version": 1,'), { kind: 'add-set', set: newSet }, 'config.invalid'],
    ['[]', { kind: 'add-set', set: newSet }, 'config.invalid'],
  ];
  for (const [text, edit, code] of cases)
    assert.throws(
      () => editConfiguration(text, edit),
      (error) => isCode(error, code),
      JSON.stringify(edit),
    );
  assert.throws(
    () => editConfiguration('{\n "a" 1 }', { kind: 'add-set', set: newSet }),
    (error) => isCode(error, 'config.invalid') && error.facts['line'] === 2 && error.facts['column'] === 6,
  );
});

test('off-site copies are added, changed and removed like sets', () => {
  const copy = { name: 'office', repository: '/mnt/backup/r', to: 'gdrive:Backup/office' };
  const added = editConfiguration(written, { kind: 'add-copy', copy });
  const [parsed] = parseConfiguration(added).configuration.offsiteCopies;
  assert.deepEqual(parsed, { ...copy, settleSeconds: 30, paused: false, scrubEveryDays: 7, sampleReadPercent: 1 });
  const paused = editConfiguration(added, { kind: 'change-copy', name: 'office', values: { paused: true } });
  assert.equal(parseConfiguration(paused).configuration.offsiteCopies[0]?.paused, true);
  assert.deepEqual(parseConfiguration(paused).configuration.sets, parseConfiguration(written).configuration.sets);
  assert.deepEqual(parseConfiguration(editConfiguration(paused, { kind: 'remove-copy', name: 'Office' })).configuration.offsiteCopies, []);
  assert.throws(
    () => editConfiguration(added, { kind: 'add-copy', copy }),
    (error) => isCode(error, 'offsite.exists'),
  );
  assert.throws(
    () => editConfiguration(written, { kind: 'change-copy', name: 'office', values: {} }),
    (error) => isCode(error, 'offsite.unknown'),
  );
  const told =
    (words: RegExp) =>
    (error: unknown): boolean =>
      isCode(error, 'config.invalid') && words.test(String(error.facts['reason']));
  assert.throws(
    () => editConfiguration(added, { kind: 'add-copy', copy: { ...copy, name: 'second' } }),
    told(/is also the folder of the off-site copy "office" \(line \d+\)/),
  );
  assert.throws(
    () => editConfiguration(added, { kind: 'add-set', set: { ...newSet, repository: { location: `${copy.to}/data` } } }),
    told(/the repository of the backup set "/),
    'it would stop the copy',
  );
  assert.throws(
    () => editConfiguration(added, { kind: 'change-copy', name: 'office', values: { to: 'ftp:x:/y' } }),
    (error) => isCode(error, 'config.invalid'),
  );
  const account = editConfiguration(added, {
    kind: 'change-general',
    values: { googleDrive: { account: 'backup@company.co.id', credentialsFile: '/etc/cadangan/google.json' } },
  });
  assert.deepEqual(parseConfiguration(account).problems, []);
  assert.throws(
    () => editConfiguration(added, { kind: 'change-general', values: { googleDrive: { account: 'nobody' } } }),
    (error) => isCode(error, 'config.invalid'),
  );
});

const name = fc.constantFrom('a', 'b', 'c', 'd');
const path = fc.constantFrom('/srv/1', '/srv/2', '/srv/3', 'C:\\Data', '//srv/ü');
const set: fc.Arbitrary<BackupSetInput> = fc.record(
  {
    name,
    sources: fc.array(path, { minLength: 1, maxLength: 4 }),
    repository: fc.record({ location: fc.constantFrom('/r', 'gdrive:A/r'), passwordFile: path }, { requiredKeys: ['location'] }),
    schedule: fc.oneof(
      fc.constant({ onChange: {} }),
      fc.record(
        { window: fc.constantFrom('21:00-23:00', '22:00-02:00'), atWindowEnd: fc.constantFrom('finish', 'stop') },
        { requiredKeys: ['window'] },
      ),
    ),
    tags: fc.array(fc.constantFrom('x', 'y', '// no comment'), { maxLength: 3 }),
    excludeCaches: fc.boolean(),
    retention: fc.record({ keepDaily: fc.integer({ min: 1, max: 9 }), keepWithin: fc.constant('1y') }, { requiredKeys: ['keepDaily'] }),
    title: fc.constantFrom('Ä', '"{[', '/* not a comment */'),
  },
  { requiredKeys: ['name', 'sources', 'repository'] },
);
/** Copies go the same way. */
type SetEdit = Exclude<ConfigurationEdit, { kind: `${string}-copy` }>;
const edit: fc.Arbitrary<SetEdit> = fc.oneof(
  set.map((value) => ({ kind: 'add-set', set: value }) as const),
  fc.tuple(name, set).map(([wanted, { name: _own, ...values }]) => ({ kind: 'change-set', name: wanted, values }) as const),
  name.map((wanted) => ({ kind: 'remove-set', name: wanted }) as const),
  fc.record({ timeZone: fc.constantFrom('UTC', 'Asia/Jakarta', undefined) }).map((values) => ({ kind: 'change-general', values }) as const),
);

/** The same value in many layouts: blanks, line ends, comments (each with its number) and commas at the ends. */
function layOut(value: unknown, next: () => number): string {
  let comments = 0;
  const gap = (): string => {
    const kind = next() % 8;
    if (kind === 0) return ` // c${comments++};\n`;
    if (kind === 1) return `/* c${comments++}; */`;
    return ['', ' ', '\n', '\n  ', '\t', '  \n    '][kind - 2] ?? '';
  };
  const print = (item: unknown): string => {
    if (typeof item !== 'object' || item === null) return JSON.stringify(item);
    const parts = Array.isArray(item)
      ? item.map((entry) => gap() + print(entry) + gap())
      : Object.entries(item).map(([key, entry]) => `${gap()}${JSON.stringify(key)}${gap()}:${gap()}${print(entry)}${gap()}`);
    const inside = parts.join(',') + (parts.length > 0 && next() % 4 === 0 ? `,${gap()}` : '') + (parts.length === 0 ? gap() : '');
    return Array.isArray(item) ? `[${inside}]` : `{${inside}}`;
  };
  return gap() + print(value) + gap();
}

test('whatever the layout, an edit says what was meant, keeps other sets byte for byte and every comment outside removed values', () => {
  const file = fc.uniqueArray(set, { selector: (value) => value.name, maxLength: 4 });
  const choices = fc.array(fc.nat(1000), { minLength: 50, maxLength: 200 });
  fc.assert(
    fc.property(file, choices, fc.array(edit, { minLength: 1, maxLength: 4 }), (sets, numbers, edits) => {
      let turn = 0;
      let text = layOut({ version: 1, sets }, () => numbers[turn++ % numbers.length] ?? 0);
      for (const each of edits) {
        const before = readJson(text);
        let edited: string;
        try {
          edited = editConfiguration(text, each);
        } catch (error) {
          assert.ok(isCode(error, 'set.unknown', 'set.exists'), String(error));
          continue;
        }
        assert.deepEqual(readJson(edited), expected(before, each), `${text}\n=>\n${edited}`);
        const touched = each.kind === 'add-set' ? each.set.name : each.kind === 'change-general' ? undefined : each.name;
        for (const [other, slice] of setTexts(text)) if (other !== touched) assert.ok(edited.includes(slice), `set ${other} was touched`);
        const outside = commentsOf(withoutSet(text, each.kind === 'add-set' || each.kind === 'change-general' ? undefined : touched));
        const kept = commentsOf(edited);
        assert.deepEqual(
          outside.filter((comment) => !kept.includes(comment)),
          [],
          `${text}\n=>\n${edited}`,
        );
        text = edited;
      }
    }),
    { numRuns: 1500 },
  );
});

test('an edit of damaged text is refused with a code or does what was meant', () => {
  const damage = fc.tuple(fc.nat(), fc.nat(6), fc.string({ unit: 'binary', maxLength: 4 }));
  fc.assert(
    fc.property(damage, edit, ([at, length, other], each) => {
      const offset = at % written.length;
      const text = written.slice(0, offset) + other + written.slice(offset + length);
      try {
        assert.deepEqual(readJson(editConfiguration(text, each)), expected(readJson(text), each));
      } catch (error) {
        assert.ok(isCode(error, 'set.unknown', 'set.exists', 'config.invalid'), String(error));
      }
    }),
    { numRuns: 1500 },
  );
});

type Json = { sets?: BackupSetInput[] } & Record<string, unknown>;

function readJson(text: string): Json {
  const errors: ParseError[] = [];
  const value: Json = parse(text, errors, { allowTrailingComma: true });
  assert.deepEqual(errors, [], text);
  return value;
}

function expected(before: Json, each: SetEdit): Json {
  const clean = <T>(value: T): T => JSON.parse(JSON.stringify(value));
  const sets = before.sets ?? [];
  const isNamed = (wanted: string) => (candidate: BackupSetInput) => String(candidate.name).toLowerCase() === wanted.toLowerCase();
  if (each.kind === 'add-set') return { ...before, sets: [...sets, clean(each.set)] };
  if (each.kind === 'remove-set') return { ...before, sets: sets.toSpliced(sets.findIndex(isNamed(each.name)), 1) };
  if (each.kind === 'change-set')
    return {
      ...before,
      sets: sets.with(sets.findIndex(isNamed(each.name)), clean({ ...sets.find(isNamed(each.name)), ...each.values } as BackupSetInput)),
    };
  return clean({ ...before, ...each.values });
}

function setTexts(text: string): [name: string, slice: string][] {
  const lines = text.split(/(?<=\n)/);
  return parseConfiguration(text).sets.map(({ name: wanted, line, column }) => {
    const start = lines.slice(0, line - 1).join('').length + column - 1;
    return [wanted ?? '', text.slice(start, endOfObject(text, start))];
  });
}

function withoutSet(text: string, wanted: string | undefined): string {
  const slice = setTexts(text).find(([candidate]) => candidate === wanted)?.[1];
  return slice === undefined ? text : text.replace(slice, () => '');
}

/** Skips texts and comments. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  for (const part of text.slice(start).matchAll(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\/|[{}]/g)) {
    if (part[0] === '{') depth += 1;
    if (part[0] === '}') depth -= 1;
    if (depth === 0 && part[0] === '}') return start + part.index + 1;
  }
  throw new Error('no end');
}

function commentsOf(text: string): string[] {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"|(?:\/\/|\/\*) c\d+;/g)].map(([part]) => part).filter((part) => part.startsWith('/'));
}
