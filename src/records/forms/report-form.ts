import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  inLocale,
  l10n,
  type Language,
} from '../../platform/index.ts';
import type { Person } from '../person.ts';
import type { HistoryRecord, RecordException, RecordProgram } from '../record.ts';
import { bytesStoredOf, durationMsOf, msOf, type Report, type ReportLine } from '../report.ts';
import type { Nonconformity } from '../nonconformities.ts';
import type { PublicKey } from '../signing-key.ts';
import { instantMsOf } from '../timestamp.ts';
import type { Verification } from '../verify.ts';
import { clockTime, longDay, shortDay, zoneName } from './dates.ts';
import type { Block, Cell, Fact, Form, SignatureBox, Tone } from './form.ts';
import { faultSentence } from './fault-text.ts';
import { kindText, nightReasonText, resultText, ruleText, triggerText } from './words.ts';

export interface FormOptions {
  readonly language: Language;
  readonly software: string;
  readonly host: string;
  readonly publicKey: PublicKey | undefined;
  /** Printed with the form, so that nobody has to take the records on trust. */
  readonly verification: Verification;
  /** Sentences for reasons and exceptions; called in the language of the form. */
  readonly sentences: FormSentences;
}

export interface FormSentences {
  readonly reason: (reason: NonNullable<HistoryRecord['reason']>) => string;
  readonly exception: (exception: RecordException) => string;
}

/** The form of a period: what a company files. */
export function reportForm(report: Report, options: FormOptions): Form {
  return inLocale({ language: options.language }, () => new ReportWriter(report, options).form());
}

/** Writes one report in the language of the moment. */
class ReportWriter {
  readonly #report: Report;
  readonly #options: FormOptions;

  constructor(report: Report, options: FormOptions) {
    this.#report = report;
    this.#options = options;
  }

  form(): Form {
    const { language, software, host } = this.#options;
    const { instruction, organisation, nowMs, timeZone } = this.#report;
    return {
      language,
      madeAtMs: nowMs,
      title: l10n.t('Backup and Restore Report'),
      subtitle: this.#periodText(),
      organisation: organisation ?? '',
      header: [
        [l10n.t('Document No.'), instruction?.formNumber ?? '–'],
        [l10n.t('Revision'), instruction?.formRevision ?? '–'],
        [l10n.t('Date'), instruction?.formDate === undefined ? '–' : longDay(instruction.formDate)],
      ],
      pageLabel: l10n.t('Page'),
      pageText: (page, pages) => inLocale({ language }, () => l10n.t('{page} of {pages}', { page, pages })),
      blocks: [
        { kind: 'facts', facts: this.#about() },
        { kind: 'heading', text: l10n.t('1. Summary') },
        ...this.#summary(),
        { kind: 'heading', text: l10n.t('2. Runs') },
        this.#runs(),
        { kind: 'heading', text: l10n.t('3. Exceptions') },
        ...this.#exceptions(),
        { kind: 'heading', text: l10n.t('4. Nonconformities') },
        this.#nonconformities(),
        { kind: 'heading', text: l10n.t('5. Changes and other records') },
        this.#events(),
        {
          kind: 'together',
          blocks: [
            { kind: 'heading', text: l10n.t('6. Proof of the records') },
            { kind: 'facts', facts: this.#proof() },
            this.#signatures(),
          ],
        },
      ],
      footer: l10n.t('Made by {software} on {host}, {date} {time}', {
        software,
        host,
        date: shortDay(nowMs, timeZone),
        time: clockTime(nowMs, timeZone),
      }),
    };
  }

  #periodText(): string {
    const { from, to } = this.#report.period;
    return from === to
      ? l10n.t('Date: {day}', { day: longDay(from) })
      : l10n.t('Period: {from} to {to}', { from: longDay(from), to: longDay(to) });
  }

  #about(): Fact[] {
    const { instruction, timeZone, nowMs, firstNumber, lastNumber } = this.#report;
    const { documentNumber, title, revision, date, clauses = [], window, recordsKeptYears } = instruction ?? {};
    const reference = [documentNumber, title].filter((part) => part !== undefined).join(' – ');
    const issue = [revision === undefined ? '' : l10n.t('revision {0}', revision), date === undefined ? '' : longDay(date)]
      .filter((part) => part !== '')
      .join(', ');
    return [
      ...(reference === '' ? [] : [[l10n.t('Work instruction'), issue === '' ? reference : `${reference} (${issue})`] as const]),
      ...(clauses.length === 0 ? [] : [[l10n.t('Clauses'), clauses.join('; ')] as const]),
      [l10n.t('Server'), this.#options.host],
      ...(window === undefined ? [] : [[l10n.t('Time window'), windowText(window)] as const]),
      [l10n.t('Times in'), zoneName(nowMs, timeZone)],
      [
        l10n.t('Records'),
        firstNumber === undefined
          ? l10n.t('none in this period')
          : l10n.t('No. {first} to {last}', { first: formatCount(firstNumber), last: formatCount(lastNumber ?? firstNumber) }),
      ],
      ...(recordsKeptYears === undefined ? [] : [[l10n.t('Kept for'), l10n.t('{0} years', recordsKeptYears)] as const]),
    ];
  }

  #summary(): Block[] {
    const { totals, statistics } = this.#report;
    const kept =
      totals.plannedWindows === 0
        ? '–'
        : l10n.t('{kept} of {planned} ({share})', {
            kept: formatCount(totals.keptWindows),
            planned: formatCount(totals.plannedWindows),
            share: formatPercent(totals.keptWindows / totals.plannedWindows),
          });
    const facts: Fact[] = [
      [l10n.t('Planned backups with a good result'), kept],
      [l10n.t('Runs with a good result'), l10n.t('{good} of {runs}', { runs: formatCount(totals.runs), good: formatCount(totals.good) })],
      [l10n.t('Data stored by internal backups'), formatBytes(totals.bytesStored)],
      [l10n.t('Exceptions'), formatCount(totals.exceptionCount)],
      [l10n.t('Open nonconformities'), formatCount(totals.openNonconformities)],
    ];
    return [{ kind: 'facts', facts }, this.#statistics(statistics)];
  }

  #statistics(lines: readonly ReportLine[]): Block {
    const number = (title: string) => ({ title, align: 'right', width: 'auto' }) as const;
    return {
      kind: 'table',
      empty: l10n.t('Nothing ran in this period.'),
      columns: [
        { title: l10n.t('Kind'), width: 120 },
        { title: l10n.t('Set'), width: 'rest' },
        number(l10n.t('Planned')),
        number(l10n.t('Runs')),
        number(l10n.t('Successful')),
        number(l10n.t('With exceptions')),
        number(l10n.t('Failed')),
        number(l10n.t('Stopped')),
        number(l10n.t('Missed')),
        number(l10n.t('Data')),
        number(l10n.t('Longest')),
      ],
      rows: lines.map((line) => [
        plain(kindText(line.kind)),
        plain(line.set ?? '–'),
        plain(line.planned === undefined ? '–' : formatCount(line.planned)),
        plain(formatCount(line.runs)),
        plain(formatCount(line.success)),
        counted(line.exceptions, 'warning'),
        counted(line.failed, 'bad'),
        counted(line.stopped, 'warning'),
        counted(line.missed, 'bad'),
        plain(formatBytes(line.bytesStored)),
        plain(formatDuration(line.longestMs)),
      ]),
    };
  }

  #runs(): Block {
    return {
      kind: 'table',
      empty: l10n.t('Nothing ran in this period.'),
      columns: [
        { title: l10n.t('No.'), align: 'right', width: 'auto' },
        { title: l10n.t('Date'), width: 'auto' },
        { title: l10n.t('Kind, set'), width: 118 },
        { title: l10n.t('Planned'), width: 'auto' },
        { title: l10n.t('Actual'), width: 'auto' },
        { title: l10n.t('Duration'), width: 'auto' },
        { title: l10n.t('Started by'), width: 'auto' },
        { title: l10n.t('Files'), align: 'right', width: 'auto' },
        { title: l10n.t('Data'), align: 'right', width: 'auto' },
        { title: l10n.t('Snapshot'), width: 'auto' },
        { title: l10n.t('Result'), width: 'rest' },
      ],
      rows: this.#report.runs.map((run) => this.#runRow(run)),
    };
  }

  #runRow(run: HistoryRecord): Cell[] {
    const { number, kind, set, planned, started, ended, trigger, counts, snapshotId, timeZone: own } = run;
    const zone = this.#report.timeZone ?? own;
    const time = (text: string | undefined) => (text === undefined ? '–' : clockTime(instantMsOf(text), zone));
    const durationMs = durationMsOf(run);
    const files = counts?.['filesTotal'] ?? counts?.['filesRestored'];
    const bytes = bytesStoredOf(run);
    return [
      plain(formatCount(number)),
      plain(shortDay(msOf(run), zone)),
      plain(set === undefined ? kindText(kind) : `${kindText(kind)}, ${set}`),
      plain(planned ? `${time(planned.start)}–${time(planned.end)}` : '–'),
      plain(started === undefined ? '–' : `${time(started)}–${time(ended)}`),
      plain(durationMs === undefined ? '–' : formatDuration(durationMs)),
      plain(trigger === undefined ? '–' : triggerText(trigger)),
      plain(files === undefined ? '–' : formatCount(files)),
      plain(bytes === undefined ? '–' : formatBytes(bytes)),
      { text: snapshotId?.slice(0, 8) ?? '–', isCode: true },
      { text: this.#resultOf(run), tone: toneOf(run) },
    ];
  }

  #resultOf(run: HistoryRecord): string {
    const { result, reason, exceptionCount = 0, number } = run;
    const ids = this.#report.nonconformitiesOfRun.get(number) ?? [];
    return [
      result === 'success-with-exceptions'
        ? l10n.t('Completed with {0} exceptions', formatCount(exceptionCount))
        : result === undefined
          ? ''
          : resultText(result),
      result !== 'success-with-exceptions' && exceptionCount > 0 ? l10n.t('{0} exceptions', formatCount(exceptionCount)) : '',
      reason === undefined ? '' : this.#options.sentences.reason(reason),
      ids.join(', '),
    ]
      .filter((part) => part !== '')
      .join('. ')
      .replaceAll('..', '.');
  }

  /** In full: a number alone says nothing to whoever misses a file. */
  #exceptions(): Block[] {
    const runs = this.#report.runs.filter(({ exceptionCount = 0, programs = [] }) => exceptionCount > 0 || programs.some(hasFailed));
    const rows = runs.flatMap((run): Cell[][] => {
      const { number, exceptions = [], exceptionCount = 0, programs = [], timeZone: own } = run;
      const about = [plain(formatCount(number)), plain(shortDay(msOf(run), this.#report.timeZone ?? own))];
      const more = exceptionCount - exceptions.length;
      return [
        ...programs
          .filter(hasFailed)
          .map((program) => [...about, { text: program.program, isCode: true }, plain(this.#failureOf(program))]),
        // Of the program after, the record has the output beside the exception.
        ...exceptions
          .filter(({ kind }) => kind !== 'after-command' || !programs.some(hasFailed))
          .map((exception) => [...about, { text: exception.item, isCode: true }, plain(this.#options.sentences.exception(exception))]),
        ...(more > 0
          ? [
              [
                ...about,
                { text: l10n.t('… and {0} more, which the record counts and does not name', formatCount(more)), tone: 'weak' as const },
                plain(''),
              ],
            ]
          : []),
      ];
    });
    return [
      {
        kind: 'table',
        empty: l10n.t('No run had exceptions.'),
        rows,
        columns: [
          { title: l10n.t('No.'), align: 'right', width: 'auto' },
          { title: l10n.t('Date'), width: 'auto' },
          { title: l10n.t('File or folder'), width: 'rest' },
          { title: l10n.t('What happened'), width: 200 },
        ],
      },
    ];
  }

  /** With the last line that it said: that is most often why. */
  #failureOf({ when, program, failure = '', output = '' }: RecordProgram): string {
    const what = this.#options.sentences.exception({ item: program, kind: `${when}-command`, reason: failure });
    const said = output.trimEnd().split('\n').at(-1) ?? '';
    return said === '' ? what : `${what}: ${shortened(said)}`;
  }

  #nonconformities(): Block {
    return {
      kind: 'table',
      empty: l10n.t('There was none.'),
      columns: [
        { title: l10n.t('No.'), width: 'auto' },
        { title: l10n.t('Opened'), width: 'auto' },
        { title: l10n.t('Nonconformity'), width: 'rest' },
        { title: l10n.t('Records'), width: 45 },
        { title: l10n.t('Cause'), width: 140 },
        { title: l10n.t('Correction, corrective action'), width: 150 },
        { title: l10n.t('Closed'), width: 90 },
      ],
      rows: this.#report.nonconformities.map((one) => this.#nonconformityRow(one)),
    };
  }

  #nonconformityRow(one: Nonconformity): Cell[] {
    const { id, openedAt, records, closed } = one;
    const day = (at: string) => shortDay(instantMsOf(at), this.#report.timeZone);
    return [
      plain(id),
      plain(day(openedAt)),
      plain(nonconformityText(one, this.#report.timeZone)),
      plain(records.map((number) => formatCount(number)).join(', ') || '–'),
      plain(closed?.cause ?? '–'),
      plain([closed?.correction, closed?.prevention].filter((part) => part !== undefined && part !== '').join('. ') || '–'),
      closed
        ? plain([day(closed.at), closed.name, closed.position].filter((part) => part !== '').join(', '))
        : { text: l10n.t('Still open'), tone: 'bad' },
    ];
  }

  #events(): Block {
    return {
      kind: 'table',
      empty: l10n.t('There was none.'),
      columns: [
        { title: l10n.t('No.'), align: 'right', width: 'auto' },
        { title: l10n.t('Date'), width: 'auto' },
        { title: l10n.t('Time'), width: 'auto' },
        { title: l10n.t('Kind'), width: 130 },
        { title: l10n.t('By'), width: 70 },
        { title: l10n.t('What'), width: 'rest' },
      ],
      rows: this.#report.events.map((record) => {
        const ms = instantMsOf(record.at);
        const { timeZone } = this.#report;
        return [
          plain(formatCount(record.number)),
          plain(shortDay(ms, timeZone)),
          plain(clockTime(ms, timeZone)),
          plain(kindText(record.kind)),
          plain(record.operator.name ?? record.operator.user),
          plain(eventText(record)),
        ];
      }),
    };
  }

  #proof(): Fact[] {
    const { verification, publicKey } = this.#options;
    const { isIntact, recordCount, faults, faultCount, head } = verification;
    const [first] = faults;
    const state =
      isIntact || first === undefined
        ? l10n.t('Intact: {0} records read, none changed, missing or moved', formatCount(recordCount))
        : l10n.t('NOT INTACT, {count} faults; the first: {what}', { count: formatCount(faultCount), what: faultSentence(first) });
    return [
      [l10n.t('Chain of records'), state],
      [l10n.t('Last record'), head ? l10n.t('No. {number}, SHA-256 {hash}', { number: formatCount(head.number), hash: head.hash }) : '–'],
      ...(this.#report.lastHash === undefined || this.#report.lastNumber === undefined
        ? []
        : [
            [
              l10n.t('Last record of the period'),
              l10n.t('No. {number}, SHA-256 {hash}', { number: formatCount(this.#report.lastNumber), hash: this.#report.lastHash }),
            ] as const,
          ]),
      [l10n.t('Public key of this installation'), publicKey ? `Ed25519 ${publicKey.base64}` : '–'],
    ];
  }

  #signatures(): Block {
    const { instruction } = this.#report;
    return {
      kind: 'signatures',
      boxes: [
        this.#box(l10n.t('Prepared by'), 'prepared', instruction?.preparedBy),
        this.#box(l10n.t('Checked by'), 'checked', instruction?.checkedBy),
        this.#box(l10n.t('Approved by'), 'approved', instruction?.approvedBy),
      ],
      labels: { name: l10n.t('Name'), position: l10n.t('Position'), signature: l10n.t('Signature'), date: l10n.t('Date') },
    };
  }

  #box(title: string, act: string, person: Person | undefined): SignatureBox {
    const record = this.#report.approvals.find(({ approval }) => approval?.act === act);
    const { name, position } = record?.approval ?? { name: person?.name ?? '', position: person?.position ?? '' };
    return {
      title,
      name,
      position,
      signature: record ? l10n.t('Record No. {0}', formatCount(record.number)) : '',
      date: record ? shortDay(instantMsOf(record.at), this.#report.timeZone) : '',
    };
  }
}

/** What a nonconformity is about, in a sentence. */
export function nonconformityText(
  { rule, subject, facts }: Pick<Nonconformity, 'rule' | 'subject' | 'facts'>,
  timeZone: string | undefined,
): string {
  if (rule === undefined) return subject;
  const fact = (name: string) => String(facts[name] ?? '');
  const time = (name: string) => (Number.isNaN(instantMsOf(fact(name))) ? '–' : clockTime(instantMsOf(fact(name)), timeZone));
  switch (rule) {
    case 'outside-window':
      return l10n.t('{rule}: {set} ran from {started} to {ended}', {
        rule: ruleText(rule),
        set: fact('set'),
        started: time('started'),
        ended: time('ended'),
      });
    case 'missed-night': {
      const night = l10n.t('{rule}: {set}, {day}', { rule: ruleText(rule), set: fact('set'), day: longDay(fact('day')) });
      const why = nightReasonText(fact('reason'));
      const text = why === '' ? night : `${night} (${why})`;
      return facts['nextGood'] === undefined
        ? text
        : l10n.t('{text}. Next good backup: No. {number}', { text, number: formatNumber(Number(facts['nextGood'])) });
    }
    case 'drill-overdue':
      return l10n.t('{rule}: it was due on {day} (every {days} days)', {
        rule: ruleText(rule),
        day: longDay(fact('day')),
        days: fact('days'),
      });
    case 'wrong-account':
      return l10n.t('{rule}: {account} instead of {designated}', {
        rule: ruleText(rule),
        account: fact('account'),
        designated: fact('designated'),
      });
    case 'off-site-failed':
      return l10n.t('{rule}: {copy}', { rule: ruleText(rule), copy: fact('copy') });
    case 'backup-removed':
      return l10n.t('{rule} ({count}): {location}', {
        rule: ruleText(rule),
        count: formatCount(Number(facts['count'] ?? 0)),
        location: fact('location'),
      });
    case 'chain-broken':
      return fact('file') === ''
        ? ruleText(rule)
        : l10n.t('{rule}: {file}, line {line}', { rule: ruleText(rule), file: fact('file'), line: fact('line') });
  }
}

/** The one line that says what a record of an event is about. */
export function eventText({
  kind,
  change,
  destination,
  evidence,
  counts,
  publicKey,
  approval,
  nonconformity,
  remarks,
}: HistoryRecord): string {
  if (kind === 'unlock') return `${counts?.['locksRemoved'] ?? 0} – ${destination?.location ?? ''}`;
  if (change) {
    const values = [
      change.before === undefined ? '' : l10n.t('before: {0}', shortened(change.before)),
      change.after === undefined ? '' : l10n.t('after: {0}', shortened(change.after)),
    ]
      .filter((part) => part !== '')
      .join('; ');
    return values === '' ? change.what : `${change.what} – ${values}`;
  }
  if (approval) return `${approval.act}: ${approval.from} – ${approval.to}, ${approval.name}, ${approval.position}`;
  if (nonconformity) return nonconformity.id;
  if (destination?.account !== undefined) return destination.account;
  if (publicKey !== undefined) return `Ed25519 ${publicKey}`;
  if (evidence?.['keptAs'] !== undefined) return String(evidence['keptAs']);
  return remarks ?? '';
}

function hasFailed({ failure }: RecordProgram): boolean {
  return failure !== undefined;
}

/** A form is read by people; the record has the whole. */
const eventCharsMax = 160;

function shortened(text: string): string {
  return text.length <= eventCharsMax ? text : `${text.slice(0, eventCharsMax)}…`;
}

/** `21:00–23:00`, in Indonesian `21.00–23.00` */
function windowText(window: string): string {
  return window
    .split('-')
    .map((time) => clockTime(Date.parse(`2026-01-01T${time}:00Z`), 'UTC'))
    .join('–');
}

function toneOf({ result }: HistoryRecord): Tone | undefined {
  if (result === undefined) return undefined;
  switch (result) {
    case 'success':
      return 'good';
    case 'success-with-exceptions':
    case 'stopped':
      return 'warning';
    case 'failed':
    case 'missed':
      return 'bad';
  }
}

function plain(text: string): Cell {
  return { text };
}

function counted(count: number, tone: Tone): Cell {
  return count === 0 ? { text: '0', tone: 'weak' } : { text: formatCount(count), tone };
}
