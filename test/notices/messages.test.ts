import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { folded, subjectOf, type Message } from '../../src/notices/message.ts';
import { htmlText, plainText } from '../../src/notices/message-forms.ts';
import { inLocale } from '../../src/platform/index.ts';
import { badNight, calmWeek, poorWeek } from './sample-messages.ts';

const golden = new URL('messages.golden.txt', import.meta.url);

/** To take over a change that is meant: UPDATE_GOLDEN=1. */
test('a bad night, a week that was well and one that was not, in both languages, are the golden text', async () => {
  const texts: string[] = [];
  for (const language of ['en', 'id'] as const)
    for (const make of [badNight, calmWeek, poorWeek])
      texts.push(
        await inLocale({ language, timeZone: 'Asia/Jakarta' }, async () => {
          const message = await make();
          return `${subjectOf(message)}\n\n${plainText(message)}`;
        }),
      );
  const text = texts.join(`\n${'-'.repeat(40)}\n`);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
  assert.equal(text, readFileSync(golden, 'utf8'));
});

test('HTML says all that the plain text says, and nothing in it is fetched or run', async () => {
  const message = await inLocale({ timeZone: 'Asia/Jakarta' }, async () => badNight());
  const html = htmlText(message);
  const plain = html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
  for (const { title, lines } of folded(message.sections)) for (const text of [title, ...lines]) assert.ok(plain.includes(text), text);
  assert.doesNotMatch(html, /<(?:script|img|link|style)|https?:|url\(/i);
});

test('what hostile names say is shown, and does nothing', () => {
  const title = '<img src=x onerror=alert(1)> & "quoted"';
  const message: Message = { id: '1', kind: 'alert', from: 'srv', left: 0, sections: [{ title, tone: 'bad', about: '', lines: [title] }] };
  assert.doesNotMatch(htmlText(message), /<img/);
});

test('a nonconformity is told below the failure that it was opened for, and alone where that was told before', () => {
  const failure = { title: 'Failed', tone: 'bad', about: '', lines: ['why'], record: 7 } as const;
  const opened = { title: 'Nonconformity NC-1', tone: 'bad', about: '', lines: ['no backup'], record: 9, shows: [7] } as const;
  assert.deepEqual(folded([failure, opened]), [{ ...failure, lines: ['why', 'Nonconformity NC-1: no backup'] }]);
  assert.deepEqual(folded([opened]), [opened]);
});
