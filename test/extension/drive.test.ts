import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CopyInfo, DriveStatus, SetInfo } from '../../src/service/index.ts';
import { copyChoices, noRecordsText } from '../../src/extension/presentation/copy-choice.ts';
import { accountRow, copyDetails, copyRow, copyText, isTroubledCopy } from '../../src/extension/presentation/copy-row.ts';
import { setDetails } from '../../src/extension/presentation/set-row.ts';
import { statusItem } from '../../src/extension/presentation/status-item.ts';
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
  assert.equal(copyText({ ...copy, asOf: '2026-11-22T10:00:00Z' }, nowNs), 'in sync as of Yesterday 10:00', 'nobody watches it');
  assert.deepEqual(
    [copyRow(copy, nowNs).icon, copyRow({ ...copy, asOf: '2026-11-22T10:00:00Z' }, nowNs).icon],
    [{ name: 'pass', color: 'testing.iconPassed' }, { name: 'pass' }],
  );
  assert.match(copyText({ ...copy, state: 'behind', behind }, nowNs), /^12 files, 3(?:\.0)? MiB behind since \d/);
  assert.match(copyText({ ...copy, state: 'paused', isPaused: true, behind }, nowNs), /^paused · 12 files/);
  assert.match(
    copyText({ ...copy, state: 'stopped-by-trouble', trouble: signedOut, behind }, nowNs),
    /^Not signed in to Google Drive\. · 12 files/,
  );
  const unread = { ...signedOut, kind: 'denied', beside: 'sample', error: { code: 'drive.denied', facts: {}, message: '' } } as const;
  for (const isPaused of [false, true])
    assert.match(
      copyText({ ...copy, state: isPaused ? 'paused' : 'in-sync', isPaused, trouble: unread }, nowNs),
      new RegExp(`^${isPaused ? 'paused' : 'in sync'} · the sample cannot be read: Google Drive`),
    );
  assert.equal(isTroubledCopy({ ...copy, trouble: unread }), true);
  assert.match(statusItem([makeSet()], new Map(), nowNs, [{ ...copy, trouble: unread }])?.text ?? '', /needs attention: Off-site/);
  assert.match(copyText({ ...copy, state: 'copying', waiting: 'no-answer', behind }, nowNs), /^unreachable · 12 files/);
  assert.equal(copyText({ ...copy, state: 'copying', waiting: 'rate' }, nowNs), 'waits for Google');
  assert.equal(copyRow({ ...copy, state: 'paused', isPaused: true }, nowNs).context, 'copy.paused');
  assert.equal(copyRow({ ...copy, state: 'copying' }, nowNs).context, 'copy.on.busy', 'there it can be stopped');
});

test('without the records only Google Drive is told number and hash of the last one', () => {
  assert.match(noRecordsText('gdrive:Backup/server'), /^Only number and hash/);
  assert.doesNotMatch(noRecordsText('s3:https://host/bucket'), /hash/);
});

test('a copy says of how many files only the size is known, and what proves them', () => {
  const rows = (more: Partial<CopyInfo>) =>
    copyDetails({ ...copy, ...more }, nowNs).filter(({ context }) => context === 'detail.unconfirmed');
  assert.deepEqual(rows({}), []);
  assert.match(rows({ unconfirmed: 7 })[0]?.description ?? '', /^7 files of which only the size is known; .*--percent 100/);
});

const lastWholeAt = '2026-11-23T10:00:00Z';

test('a copy of which something is not known says what, why, and of when it was whole', () => {
  const text = (more: Partial<CopyInfo>): string => copyText({ ...copy, lastWholeAt, asOf: lastWholeAt, ...more }, nowNs);
  const full = {
    kind: 'full',
    since: '2026-11-23T11:00:00Z',
    triedAt: '2026-11-23T11:00:00Z',
    error: { code: 'drive.full', facts: {}, message: '' },
  };
  const news = { at: '2026-11-23T12:00:00Z', state: 'changed', newSnapshots: 2 } as const;
  const away = {
    at: '2026-11-23T12:00:00Z',
    state: 'unreadable',
    newSnapshots: 0,
    error: { code: 'storage.unreachable', facts: { location: '/mnt/backup' }, message: '' },
  } as const;
  const lastTry = { at: '2026-11-23T11:00:00Z', outcome: 'stopped' } as const;
  assert.match(text({ state: 'stopped-by-trouble', trouble: full }), /^the try at 11:00 failed: .*full.* · whole as of 10:00$/);
  assert.equal(
    text({ state: 'stopped-by-trouble', trouble: { kind: 'signed-out', error: signedOut.error } }),
    'Not signed in to Google Drive. · whole as of 10:00',
  );
  assert.equal(text({ state: 'behind', original: news }), '2 snapshots not copied yet');
  assert.equal(text({ state: 'behind', original: { ...news, newSnapshots: 0 } }), 'the repository has changed since');
  assert.equal(text({ state: 'behind' }), 'behind · whole as of 10:00');
  assert.equal(text({ state: 'paused' }), 'paused · whole as of 10:00');
  assert.equal(
    text({ state: 'paused', original: news, trouble: signedOut }),
    'paused · Not signed in to Google Drive. · 2 snapshots not copied yet',
  );
  assert.equal(
    text({ state: 'unknown', unknownBecause: 'original-unreadable', original: away }),
    'not known · "/mnt/backup" cannot be reached. · whole as of 10:00',
  );
  assert.equal(
    text({ state: 'unknown', unknownBecause: 'last-try-stopped', lastTry }),
    'not known · the try at 11:00 was stopped · whole as of 10:00',
  );
  assert.equal(
    text({ state: 'unknown', unknownBecause: 'clock' }),
    'not known · the clock of this machine was put back · whole as of 10:00',
  );
  assert.equal(copyText({ ...copy, state: 'unknown', unknownBecause: 'never-looked' }, nowNs), 'not looked at yet');
  const details = (more: Partial<CopyInfo>): string[] =>
    copyDetails({ ...copy, ...more }, nowNs).map(({ label, description }) => `${label}: ${description ?? ''}`);
  assert.ok(
    details({ original: { ...news, state: 'same', newSnapshots: 0 } }).includes(
      'Repository looked at: 12:00 · unchanged since the copy was whole',
    ),
  );
  assert.ok(details({ lastTry }).includes('Last try: 11:00 · stopped') && details({ lastTry }).includes('Last in sync: not known'));
});

test('only a copy that is in sync now is green, whatever else is remembered of it', () => {
  const states: readonly CopyInfo['state'][] = [
    'in-sync',
    'behind',
    'copying',
    'scrubbing',
    'reading',
    'writing-readable',
    'paused',
    'stopped-by-trouble',
    'unknown',
  ];
  const isGreen = ({ color }: { readonly color?: string }): boolean => color === 'testing.iconPassed';
  const ofCopy = states.filter((state) => isGreen(copyRow({ ...copy, state, lastWholeAt }, nowNs).icon));
  const ofSet = (isProtected: boolean): readonly string[] =>
    states.filter((state) =>
      setDetails(makeSet({ offsite: { isProtected, copy: 'offsite', state } }), nowNs).some(
        ({ id, icon }) => id.includes(':offsite:') && isGreen(icon),
      ),
    );
  assert.deepEqual([ofCopy, ofSet(true), ofSet(false)], [['in-sync'], ['in-sync'], []]);
});

test('a set says of when its last snapshot was found off-site, and what speaks against it', () => {
  const text = (offsite: SetInfo['offsite']): string | undefined =>
    setDetails(makeSet({ ...(offsite && { offsite }) }), nowNs).find(({ id }) => id.includes(':offsite:'))?.description;
  assert.equal(text({ isProtected: true, copy: 'offsite', state: 'in-sync' }), 'last snapshot is off-site, verified');
  assert.equal(
    text({ isProtected: true, copy: 'offsite', state: 'in-sync', asOf: lastWholeAt }),
    'last snapshot is off-site, verified as of 10:00',
  );
  assert.equal(
    text({ isProtected: true, copy: 'offsite', state: 'stopped-by-trouble', asOf: lastWholeAt, since: lastWholeAt, why: signedOut.error }),
    'last snapshot is off-site, verified as of 10:00 · copy: stands still since 10:00: Not signed in to Google Drive.',
  );
  assert.equal(
    text({ isProtected: false, copy: 'offsite', state: 'behind', since: lastWholeAt }),
    'last snapshot is not off-site yet · copy: behind since 10:00',
  );
  assert.equal(
    text({ isProtected: false, copy: 'offsite', state: 'unknown' }),
    'not known whether the last snapshot is off-site · copy: not known',
  );
});

test('the status bar tells of a copy that somebody has to see to, and, without red, of one that waits for the network', () => {
  const stopped: CopyInfo = { ...copy, state: 'stopped-by-trouble', trouble: signedOut };
  assert.equal(isTroubledCopy({ ...stopped, trouble: { ...signedOut, kind: 'drive-unavailable' } }), false);
  const item = statusItem([makeSet()], new Map(), nowNs, [stopped]);
  assert.equal(item?.kind, 'trouble');
  assert.match(item.text, /Off-site copy stands still: Off-site/);
  assert.equal(statusItem([makeSet()], new Map(), nowNs, [copy])?.kind, 'idle');
  const given = { ...stopped, trouble: { ...signedOut, kind: 'drive-unavailable', triedAt: lastWholeAt } };
  assert.equal(statusItem([makeSet()], new Map(), nowNs, [given])?.kind, 'trouble', 'nobody tries again');
  for (const cutOff of [
    { ...copy, state: 'copying', waiting: 'no-answer' },
    { ...stopped, trouble: { ...signedOut, kind: 'drive-unavailable' } },
  ] as const) {
    assert.deepEqual(
      [statusItem([makeSet()], new Map(), nowNs, [cutOff])].map((each) => [each?.kind, each?.text]),
      [['idle', '$(debug-disconnect) Off-site copy waits for an answer: Off-site']],
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

test('a new copy can be of the repository of any set, also of one on Google Drive; also of one that has a copy; not of what is one', () => {
  const sets = [
    { location: '/srv/backup', title: 'Data' },
    { location: 'gdrive:Direct/r', title: 'Site' },
    { location: 'gdrive:Direct/r', title: 'Mail' },
    { location: '/srv/copied', title: 'Other' },
    { location: 'gdrive:Backup/copied', title: 'Odd' },
  ];
  assert.deepEqual(copyChoices(sets, [{ location: 'gdrive:Backup/copied' }]), [
    { location: '/srv/backup', icon: 'database', sets: 'Data' },
    { location: 'gdrive:Direct/r', icon: 'cloud', sets: 'Site, Mail' },
    { location: '/srv/copied', icon: 'database', sets: 'Other' },
  ]);
});
