import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CopyInfo, DriveStatus } from '../../src/engine/index.ts';
import { accountRow, copyRow, copyText, isTroubledCopy } from '../../src/extension/model/copy-row.ts';
import { statusItem } from '../../src/extension/model/status-item.ts';
import { makeSet } from './sample.ts';

const nowNs = BigInt(Date.parse('2026-11-23T12:00:00Z')) * 1_000_000n;
const copy: CopyInfo = {
  name: 'offsite',
  title: 'Off-site',
  repository: '/mnt/backup',
  location: 'gdrive:Backup/server',
  state: 'in-sync',
  isPaused: false,
  snapshots: [],
  readable: [],
};
const signedOut = {
  kind: 'signed-out',
  since: '2026-11-23T11:00:00Z',
  error: { code: 'drive.signed-out', facts: {}, message: '' },
} as const;
const behind = { files: 12, bytes: 3 * 1024 * 1024, since: '2026-11-23T10:00:00Z' };

test('a copy says that it is in sync, how far it is behind and since when, or why it stands still', () => {
  assert.equal(copyText(copy, nowNs), 'in sync');
  assert.match(copyText({ ...copy, state: 'behind', behind }, nowNs), /^12 files, 3(?:\.0)? MiB behind since \d/);
  assert.match(copyText({ ...copy, state: 'paused', isPaused: true, behind }, nowNs), /^paused · 12 files/);
  assert.match(
    copyText({ ...copy, state: 'stopped-by-trouble', trouble: signedOut, behind }, nowNs),
    /^Not signed in to Google Drive\. · 12 files/,
  );
  assert.match(copyText({ ...copy, state: 'copying', waiting: 'no-answer', behind }, nowNs), /^unreachable · 12 files/);
  assert.equal(copyText({ ...copy, state: 'copying', waiting: 'rate' }, nowNs), 'waits for Google');
  assert.equal(copyRow({ ...copy, state: 'paused', isPaused: true }, nowNs).context, 'copy.paused');
});

test('the status bar tells of a copy that somebody has to see to, and, without red, of one that waits for the network', () => {
  const stopped: CopyInfo = { ...copy, state: 'stopped-by-trouble', trouble: signedOut };
  assert.equal(isTroubledCopy({ ...stopped, trouble: { ...signedOut, kind: 'drive-unavailable' } }), false);
  const item = statusItem([makeSet()], new Map(), nowNs, [stopped]);
  assert.equal(item?.kind, 'trouble');
  assert.match(item.text, /Off-site copy stands still: Off-site/);
  assert.equal(statusItem([makeSet()], new Map(), nowNs, [copy])?.kind, 'idle');
  for (const cutOff of [
    { ...copy, state: 'copying', waiting: 'no-answer' },
    { ...stopped, trouble: { ...signedOut, kind: 'drive-unavailable' } },
  ] as const) {
    assert.deepEqual(
      [statusItem([makeSet()], new Map(), nowNs, [cutOff])].map((each) => [each?.kind, each?.text]),
      [['idle', '$(debug-disconnect) Off-site copy waits for Google Drive: Off-site']],
    );
  }
});

test('the row of the account has its address and the storage used, or what is wrong', () => {
  const status: DriveStatus = {
    state: 'signed-in',
    isServiceAccount: false,
    account: 'backup@company.co.id',
    usedBytes: 1024 ** 3,
    limitBytes: 2 * 1024 ** 4,
    copies: [],
  };
  assert.deepEqual([accountRow(status).label, accountRow(status).context], ['backup@company.co.id', 'account.signed-in']);
  assert.match(accountRow(status).description ?? '', /1(?:\.0)? GiB of 2(?:\.0)? TiB used/);
  const wrong = accountRow({
    ...status,
    error: {
      code: 'drive.wrong-account',
      facts: { account: 'someone@company.co.id', designatedAccount: 'backup@company.co.id' },
      message: '',
    },
  });
  assert.match(wrong.description ?? '', /someone@company\.co\.id is not the designated account, backup@company\.co\.id/);
  assert.equal(wrong.context, 'account.signed-out');
});
