import { reasonMessage, formSentences } from '../../src/jobs/index.ts';
import type { Message } from '../../src/notices/index.ts';
import { newsOf, weeklySections } from '../../src/notices/index.ts';
import { sectionOf } from '../../src/notices/section-of.ts';
import type { HistoryRecord, RecordContent } from '../../src/records/index.ts';

/* What receivers of one company are told, in the language of the moment: to be looked at, and compared. */

const titles: Readonly<Record<string, string>> = { accounting: 'Accounting', projects: 'Projects' };
const timeZone = 'Asia/Jakarta';

const context = {
  sentences: { reason: reasonMessage, exception: formSentences.exception, safe: (text: string) => text },
  timeZone,
  titleOf: (set: string) => titles[set] ?? set,
};

let number = 100;

function record(at: string, content: Partial<RecordContent> & Pick<RecordContent, 'kind'>): HistoryRecord {
  number += 1;
  const chain = { previous: '', at, key: '', signature: '', hash: '' };
  return {
    host: 'srv-01',
    operator: { user: 'backup', via: 'schedule' },
    software: 'cadangan',
    number,
    ended: at,
    started: at,
    ...chain,
    ...content,
  };
}

function messageOf(kind: Message['kind'], sections: Message['sections']): Message {
  return { id: '0'.repeat(32), kind, from: 'srv-01', sections, left: 0 };
}

/** A disk that was not there, files that could not be read, a missed night, a full disk, a removal on hold. */
export function badNight(): Message {
  number = 100;
  const failed = record('2026-11-24T21:04:10+07:00', {
    kind: 'internal-backup',
    set: 'accounting',
    result: 'failed',
    reason: { code: 'storage.unreachable', facts: { location: '/mnt/backup/repository', reason: 'ENOENT' } },
  });
  const exceptions = ['laporan keuangan 2026 (final) – revisi 3.xlsx', 'Outlook/archive.pst'].map((name) => ({
    item: `/srv/projects/${name}`,
    kind: 'unreadable',
    reason: 'EACCES',
    weight: 'lost' as const,
  }));
  const records = [
    failed,
    record('2026-11-24T22:10:00+07:00', {
      kind: 'internal-backup',
      set: 'projects',
      result: 'success-with-exceptions',
      exceptions,
      exceptionCount: 9,
    }),
    record('2026-11-24T23:00:00+07:00', {
      kind: 'missed-run',
      set: 'mail',
      result: 'missed',
      reason: {
        code: 'schedule.missed',
        facts: {
          reason: 'not-running',
          cause: 'off',
          since: '2026-11-24T18:00:00+07:00',
          until: '2026-11-25T07:00:00+07:00',
          started: '2026-11-25T06:58:00+07:00',
        },
      },
    }),
    record('2026-11-24T23:01:00+07:00', {
      kind: 'nonconformity-opened',
      nonconformity: {
        id: 'NC-0007',
        rule: 'missed-night',
        subject: 'missed-night:accounting:2026-11-24',
        facts: { set: 'accounting', day: '2026-11-24', why: 'failed', reason: 'storage.unreachable' },
        records: [failed.number],
      },
    }),
    record('2026-11-25T01:00:00+07:00', {
      kind: 'low-space',
      result: 'failed',
      evidence: { location: '/mnt/backup/repository', freeBytes: 2.4 * 2 ** 30, limitBytes: 5 * 2 ** 30 },
    }),
    record('2026-11-25T02:00:00+07:00', {
      kind: 'alert-failed',
      result: 'failed',
      reason: { code: 'alert.unreachable', facts: { receiver: 'teams', reason: 'ENETUNREACH' } },
      evidence: { receiver: 'teams' },
    }),
  ];
  const sections = records.flatMap((one) => {
    const { notice } = newsOf(one);
    return notice === undefined ? [] : [sectionOf(one, notice, context)];
  });
  return messageOf('alert', sections);
}

export function calmWeek(): Promise<Message> {
  return week(() => 'success');
}

export function poorWeek(): Promise<Message> {
  return week((night) => (night === 3 ? 'failed' : night === 5 ? 'success-with-exceptions' : 'success'));
}

async function week(resultOf: (night: number) => 'success' | 'failed' | 'success-with-exceptions'): Promise<Message> {
  number = 0;
  const nights = Array.from({ length: 7 }, (_, night) => night);
  const dayOf = (night: number): string => `2026-11-${String(16 + night)}`;
  const records = nights.flatMap((night) => {
    const result = resultOf(night);
    const bytes = { stored: 300_000_000 };
    return [
      record(`${dayOf(night)}T21:04:00+07:00`, { kind: 'internal-backup', set: 'accounting', trigger: 'schedule', result, bytes }),
      record(`${dayOf(night)}T21:30:00+07:00`, { kind: 'internal-backup', set: 'projects', trigger: 'schedule', result: 'success', bytes }),
      record(`${dayOf(night)}T22:00:00+07:00`, {
        kind: 'external-backup',
        set: 'office',
        result: 'success',
        bytes: { uploaded: 600_000_000 },
      }),
      ...(result === 'failed'
        ? [
            record(`${dayOf(night)}T23:01:00+07:00`, {
              kind: 'nonconformity-opened',
              nonconformity: {
                id: 'NC-0007',
                rule: 'missed-night',
                subject: `missed-night:accounting:${dayOf(night)}`,
                parts: [`missed-night:accounting:${dayOf(night)}`],
                facts: { set: 'accounting', day: dayOf(night), why: 'failed' },
              },
            }),
          ]
        : []),
    ];
  });
  const planned = ['accounting', 'projects'].flatMap((set) =>
    nights.map((night) => ({
      set,
      day: dayOf(night),
      startMs: Date.parse(`${dayOf(night)}T21:00:00+07:00`),
      endMs: Date.parse(`${dayOf(night)}T23:00:00+07:00`),
    })),
  );
  const sections = await weeklySections({
    records,
    dueMs: Date.parse('2026-11-23T07:00:00+07:00'),
    timeZone,
    sets: Object.entries(titles).map(([name, title]) => ({ name, title })),
    planned,
    instruction: undefined,
    low: [],
  });
  return messageOf('weekly', sections);
}
