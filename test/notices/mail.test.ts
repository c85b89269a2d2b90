import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { isThisMachine, sendMail } from '../../src/notices/mail.ts';
import type { Message } from '../../src/notices/index.ts';
import { CadanganError, inLocale } from '../../src/platform/index.ts';
import type { MailServer as MailSettings } from '../../src/settings/index.ts';
import { temporaryState } from '../records/some-records.ts';
import { needs } from '../needs.ts';
import { alertSettings } from './alert-stage.ts';
import { mailPassword, makeAuthority, MailServer } from './mail-server.ts';

const { signal } = new AbortController();

const message: Message = {
  id: 'a'.repeat(32),
  kind: 'alert',
  from: 'srv-01',
  left: 0,
  sections: [
    {
      title: 'Failed – Internal backup: accounting\r\nBcc: all@company.co.id',
      tone: 'bad',
      about: '23 November 2026, 21:04 WIB',
      lines: ['Cannot reach the repository at "/mnt/backup".', '<script>alert(1)</script> laporan "机密".xlsx'],
      next: 'Check that the disk is mounted.',
      record: 7,
    },
  ],
};

function serverAt(host: string, port: number, more: Readonly<Record<string, unknown>> = {}): MailSettings {
  const { mail } = alertSettings({ mail: { host, port, from: 'cadangan@company.co.id', ...more } });
  assert.ok(mail);
  return mail;
}

/** This machine, by a name that the rule for this machine does not know: so it counts as another one. */
const elsewhere = '::ffff:127.0.0.1';

const to = ['it@company.co.id'];

async function refusal(work: Promise<unknown>): Promise<CadanganError> {
  const error = await work.then(
    () => assert.fail('it was sent'),
    (why: unknown) => why,
  );
  assert.ok(error instanceof CadanganError, String(error));
  assert.ok(!JSON.stringify([error.facts, String(error)]).includes(mailPassword));
  return error;
}

test(
  'a mail goes over STARTTLS to a server that an own authority vouches for, with a name and password',
  needs('openssl'),
  async (t: TestContext) => {
    const { caFile, key, cert } = makeAuthority(temporaryState(t));
    await using server = await MailServer.open({ key, cert });
    const road = { server: serverAt('localhost', server.port, { user: 'cadangan', caFile }), password: mailPassword, signal };
    assert.equal(await sendMail(message, { name: 'it', to }, road), undefined);
    const [mail, ...others] = server.received;
    assert.deepEqual(others, []);
    assert.deepEqual([mail?.isSecure, mail?.user, mail?.from, mail?.to], [true, 'cadangan', 'cadangan@company.co.id', to]);
    const raw = mail?.raw ?? '';
    assert.match(raw, /^Message-ID: <a{32}@company\.co\.id>\r$/im, 'the same whenever it is sent again');
    assert.match(raw, /^Auto-Submitted: auto-generated\r$/m);
    assert.match(raw, /multipart\/alternative/);
    const [head = ''] = raw.split('\r\n\r\n');
    assert.doesNotMatch(head, /^Bcc:/im, 'a line break in a name makes no header');
    assert.doesNotMatch(raw.slice(raw.indexOf('Content-Type: text/html')), /<script>/);
  },
);

test('from the first byte over TLS, too', needs('openssl'), async (t: TestContext) => {
  const { caFile, key, cert } = makeAuthority(temporaryState(t));
  await using server = await MailServer.open({ key, cert, secure: true });
  await sendMail(
    message,
    { name: 'it', to },
    { server: serverAt('localhost', server.port, { security: 'tls', caFile }), password: undefined, signal },
  );
  assert.equal(server.received[0]?.isSecure, true);
});

test(
  'a certificate that nobody vouches for, or of another name, is refused, and nothing was said before',
  needs('openssl'),
  async (t: TestContext) => {
    const { caFile, key, cert } = makeAuthority(temporaryState(t));
    const { caFile: other } = makeAuthority(temporaryState(t));
    await using server = await MailServer.open({ key, cert });
    const roads: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
      ['localhost', { caFile: other, user: 'cadangan' }],
      ['127.0.0.1', { caFile, user: 'cadangan' }],
      [elsewhere, { user: 'cadangan' }],
    ];
    for (const [host, more] of roads) {
      const error = await refusal(
        sendMail(message, { name: 'it', to }, { server: serverAt(host, server.port, more), password: mailPassword, signal }),
      );
      assert.equal(error.code, 'alert.unreachable', host);
      assert.match(String(error.facts['reason']), /certificate|altnames/i);
    }
    assert.deepEqual(server.received, []);
  },
);

test('who takes STARTTLS out of the line gets no mail and no password; only a server on this machine may be without', async () => {
  const heard: string[] = [];
  await using server = await MailServer.open({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username }, _session, done) => {
      heard.push(String(username));
      done(undefined, { user: username });
    },
  });
  const road = (host: string) => ({ server: serverAt(host, server.port, { user: 'cadangan' }), password: mailPassword, signal });
  const error = await refusal(sendMail(message, { name: 'it', to }, road(elsewhere)));
  assert.deepEqual([error.code, heard, server.received.length], ['alert.unreachable', [], 0]);
  assert.match(String(error.facts['reason']), /^ETLS/);
  await sendMail(message, { name: 'it', to }, road('127.0.0.1'));
  assert.deepEqual([heard, server.received.length], [['cadangan'], 1]);
});

test(
  'a wrong password and an address that nobody has are told as refusals, without the password; the others get it once',
  needs('openssl'),
  async (t: TestContext) => {
    const { caFile, key, cert } = makeAuthority(temporaryState(t));
    await using server = await MailServer.open({ key, cert });
    const settings = serverAt('localhost', server.port, { user: 'cadangan', caFile });
    const wrong = await refusal(sendMail(message, { name: 'it', to }, { server: settings, password: `${mailPassword}-wrong`, signal }));
    assert.deepEqual([wrong.code, wrong.facts['reason']], ['alert.refused', 'EAUTH 535']);
    const road = { server: settings, password: mailPassword, signal };
    const gone = await refusal(sendMail(message, { name: 'it', to: ['gone@company.co.id'] }, road));
    assert.equal(gone.code, 'alert.refused');
    assert.match(String(gone.facts['reason']), /no such user/);
    const partly = await sendMail(message, { name: 'it', to: ['gone@company.co.id', ...to] }, road);
    assert.deepEqual([partly?.code, partly?.facts['reason']], ['alert.refused', 'gone@company.co.id']);
    assert.deepEqual(
      server.received.map((mail) => mail.to),
      [to],
    );
  },
);

test('in Indonesian it is in Indonesian', needs('openssl'), async (t: TestContext) => {
  const { caFile, key, cert } = makeAuthority(temporaryState(t));
  await using server = await MailServer.open({ key, cert });
  const road = { server: serverAt('localhost', server.port, { caFile }), password: undefined, signal };
  await inLocale({ language: 'id' }, () => sendMail(message, { name: 'it', to }, road));
  assert.match(server.received[0]?.raw ?? '', /lang=3D"id"/);
});

test('only an address of this machine, or its name, is this machine', () => {
  assert.deepEqual(
    ['localhost', '127.0.0.1', '127.1.2.3', '::1'].filter((host) => !isThisMachine(host)),
    [],
  );
  assert.deepEqual(
    ['127.evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', '10.0.0.1', elsewhere].filter(isThisMachine),
    [],
  );
});
