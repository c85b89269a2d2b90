import {
  formatBytes,
  formatCount,
  formatDate,
  formatDuration,
  formatPercent,
  inLocale,
  l10n,
  type Language,
} from '../../platform/index.ts';
import type { ChainKnowledge } from '../chain-knowledge.ts';
import type { Person } from '../person.ts';
import type { HistoryRecord, RecordException } from '../record.ts';
import { bytesStoredOf, durationMsOf, msOf, type Report, type ReportLine } from '../report.ts';
import type { Nonconformity } from '../nonconformities.ts';
import type { PublicKey } from '../signing-key.ts';
import { dayOf } from '../time-zones.ts';
import { instantMsOf } from '../timestamp.ts';
import { chainWordsText } from './chain-words-text.ts';
import { clockTime, longDay, shortDay, zoneName } from './dates.ts';
import { flowing, numberColumn, numbersText, plain, toneOf } from './cells.ts';
import { exceptionRowsOf, exceptionsTable, type ExceptionRow } from './exception-rows.ts';
import type { Block, Cell, Fact, Form, FormLogo, SignatureBox, Tone } from './form.ts';
import { drillsTable, restoresTable } from './restore-tables.ts';
import { PlaceList } from './run-places.ts';
import { changeText, compressionText, instructionTerm, kindText, resultText, triggerText } from './words.ts';
import { approvalText } from './decision-text.ts';
import { dueText, nonconformityText, outcomeText, personText } from './nonconformity-text.ts';
import { chainStateText, explanationsOf, witnessText } from './knowledge-text.ts';

export interface FormOptions {
  readonly language: Language;
  readonly software: string;
  readonly host: string;
  readonly publicKey: PublicKey | undefined;
  /** Printed with the form, so that nobody has to take the records on trust. */
  readonly knowledge: ChainKnowledge;
  /** Sentences for reasons and exceptions; called in the language of the form. */
  readonly sentences: FormSentences;
  /** The off-site copies, as every other place shows them at this moment. */
  readonly copies?: readonly FormCopy[] | undefined;
  readonly logo?: FormLogo | undefined;
}

/** How an off-site copy is when the form is made: that the period's copying succeeded does not say that it is whole now. */
export interface FormCopy {
  readonly title: string;
  /** Called in the language of the form. */
  readonly state: () => string;
}

export interface FormSentences {
  readonly reason: (reason: NonNullable<HistoryRecord['reason']>) => string;
  readonly exception: (exception: RecordException) => string;
}

/** So many stand in their chapter; a form of one good month stays readable when one night met ten thousand. */
const exceptionsInChapterMax = 50;
/** And so many in the annex, about thirty pages; the file of exceptions has all. */
const exceptionsInAnnexMax = 1000;

/** The form of a period: what a company files. */
export function reportForm(report: Report, options: FormOptions): Form {
  return inLocale({ language: options.language }, () => new ReportWriter(report, options).form());
}

/** Writes one report in the language of the moment. */
class ReportWriter {
  readonly #report: Report;
  readonly #options: FormOptions;
  readonly #places: PlaceList;

  constructor(report: Report, options: FormOptions) {
    this.#report = report;
    this.#options = options;
    this.#places = new PlaceList(report.runs);
  }

  form(): Form {
    const { language, software, host, logo } = this.#options;
    const { instruction, organisation, nowMs, timeZone } = this.#report;
    return {
      language,
      logo: logo && 'bytes' in logo ? logo : undefined,
      madeAtMs: nowMs,
      title: l10n.t('Backup and Restore Report'),
      subtitle: this.#periodText(),
      classification: l10n.t('Quality and HSE record'),
      organisation: organisation ?? '–',
      header: [
        [l10n.t('Document No.'), instruction?.formNumber ?? '–'],
        [l10n.t('Revision'), instruction?.formRevision ?? '–'],
        [l10n.t('Effective date'), instruction?.formDate === undefined ? '–' : longDay(instruction.formDate)],
      ],
      pageLabel: l10n.t('Page'),
      pageText: (page, pages) => inLocale({ language }, () => l10n.t('{page} of {pages}', { page, pages })),
      blocks: [{ kind: 'facts', facts: this.#about() }, ...this.#chapters()],
      footer: l10n.t('Made by {software} on {host}, {date} {time}', {
        software,
        host,
        date: shortDay(nowMs, timeZone),
        time: clockTime(nowMs, timeZone),
      }),
    };
  }

  /** Numbered as they come, so that a chapter more renumbers no other by hand. */
  #chapters(): Block[] {
    const { runs, timeZone } = this.#report;
    const tables = { timeZone, resultOf: (run: HistoryRecord) => this.#resultOf(run) };
    let number = 0;
    const headed = (title: string): Block => ({ kind: 'heading', text: `${++number}. ${title}` });
    const exceptions = exceptionRowsOf(this.#report, this.#options.sentences.exception);
    return [
      headed(l10n.t('Summary')),
      ...this.#summary(),
      headed(l10n.t('Runs')),
      this.#runs(),
      headed(l10n.t('Source, destination, account, operator and host of the runs')),
      this.#places.block(),
      headed(l10n.t('Restores')),
      restoresTable(runs, tables),
      headed(l10n.t('Restore drills')),
      drillsTable(runs, tables),
      headed(l10n.t('Exceptions')),
      ...this.#exceptions(exceptions),
      headed(l10n.t('Nonconformities')),
      this.#nonconformities(),
      headed(l10n.t('Changes and other records')),
      this.#events(),
      headed(l10n.t('Revision history of the work instruction')),
      this.#revisions(),
      {
        kind: 'together',
        blocks: [
          headed(l10n.t('Proof of the records')),
          { kind: 'facts', facts: this.#proof() },
          ...this.#approvalNotes(),
          this.#signatures(),
        ],
      },
      ...this.#annex(exceptions),
    ];
  }

  #exceptions(rows: readonly ExceptionRow[]): Block[] {
    const table = exceptionsTable(rows.slice(0, exceptionsInChapterMax), this.#report.timeZone);
    if (rows.length <= exceptionsInChapterMax) return [table];
    const facts = { shown: formatCount(exceptionsInChapterMax), all: formatCount(rows.length) };
    return [table, { kind: 'text', text: l10n.t('These are {shown} of {all} lines; the annex has the others.', facts) }];
  }

  /** What the chapter has no room for, behind the signatures: they are for the whole of the form. */
  #annex(rows: readonly ExceptionRow[]): Block[] {
    const others = rows.slice(exceptionsInChapterMax);
    if (others.length === 0) return [];
    const shown = others.slice(0, exceptionsInAnnexMax);
    const left = others.length - shown.length;
    return [
      { kind: 'heading', text: l10n.t('Annex: further exceptions') },
      exceptionsTable(shown, this.#report.timeZone),
      ...(left === 0
        ? []
        : [
            {
              kind: 'text' as const,
              text: l10n.t('{0} more lines stand in the file of exceptions (CSV), which the audit pack has, too.', formatCount(left)),
            },
          ]),
    ];
  }

  #revisions(): Block {
    const { revisions = [] } = this.#report.instruction ?? {};
    return {
      kind: 'table',
      empty: l10n.t('The configuration names no revisions (instruction.revisions).'),
      columns: [
        { title: l10n.t('Revision'), width: 60 },
        { title: l10n.t('Effective date'), width: 110 },
        { title: l10n.t('Reason for issue'), width: 'rest' },
      ],
      rows: revisions.map(({ revision, date, reason }) => [plain(revision), plain(longDay(date)), plain(reason)]),
    };
  }

  #periodText(): string {
    const { from, to } = this.#report.period;
    return from === to
      ? l10n.t('Date: {day}', { day: longDay(from) })
      : l10n.t('Period: {from} to {to}', { from: longDay(from), to: longDay(to) });
  }

  #about(): Fact[] {
    const { logo } = this.#options;
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
          : l10n.t('No. {first} to {last}', { first: String(firstNumber), last: String(lastNumber ?? firstNumber) }),
      ],
      ...this.#unknownDays(),
      ...(logo && 'unusable' in logo
        ? [[l10n.t('Logo'), l10n.t('{0} is no picture (PNG or JPEG, up to 1 MiB) that can be read', logo.unusable)] as const]
        : []),
      ...(recordsKeptYears === undefined ? [] : [[l10n.t('Kept for'), l10n.t('{0} years', recordsKeptYears)] as const]),
    ];
  }

  /** Days of the period of which no record can tell: nobody is to take them for days without faults. */
  #unknownDays(): Fact[] {
    const { period, begins } = this.#report;
    const facts: Fact[] = [];
    if (begins && period.from < begins.day) {
      const last = period.to < begins.day ? period.to : dayBefore(begins.day);
      const span = { span: spanText(period.from, last), day: longDay(begins.day), number: String(begins.number) };
      facts.push([
        l10n.t('Days without records'),
        begins.number === 1
          ? l10n.t('{span}: before the history began, on {day}. Nothing is known of these days; they are counted nowhere', span)
          : l10n.t('{span}: the records before No. {number} of {day} were disposed of; these days are counted nowhere', span),
      ]);
    }
    if (period.to >= this.#today()) {
      const day = longDay(this.#today());
      facts.push([l10n.t('The period has not ended'), l10n.t('what follows is as it stood on {0}; later days are not in it', day)]);
    }
    return facts;
  }

  #summary(): Block[] {
    const { totals, statistics, nonconformities } = this.#report;
    const ended = nonconformities.filter(({ isOpen }) => !isOpen).length;
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
      [l10n.t('Nonconformities closed or withdrawn'), formatCount(ended)],
      ...(this.#options.copies ?? []).map(({ title, state }): Fact => [l10n.t('Off-site copy {name}, now', { name: title }), state()]),
    ];
    return [{ kind: 'facts', facts }, this.#statistics(statistics)];
  }

  #statistics(lines: readonly ReportLine[]): Block {
    return {
      kind: 'table',
      empty: l10n.t('Nothing ran in this period.'),
      columns: [
        { title: l10n.t('Kind'), width: 135 },
        { title: l10n.t('Set'), width: 'rest' },
        numberColumn(l10n.t('Planned')),
        numberColumn(l10n.t('Runs')),
        numberColumn(l10n.t('Successful')),
        numberColumn(l10n.t('With exceptions')),
        numberColumn(l10n.t('Failed')),
        numberColumn(l10n.t('Stopped')),
        numberColumn(l10n.t('Missed')),
        numberColumn(l10n.t('Data')),
        numberColumn(l10n.t('Longest')),
      ],
      rows: lines.map((line) => [
        plain(instructionTerm(line.kind)),
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
        { title: l10n.t('Places'), width: 'auto' },
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
      plain(String(number)),
      plain(shortDay(msOf(run), zone)),
      plain(set === undefined ? kindText(kind) : `${kindText(kind)}, ${set}`),
      plain(planned ? `${time(planned.start)}–${time(planned.end)}` : '–'),
      plain(started === undefined ? '–' : `${time(started)}–${time(ended)}`),
      plain(durationMs === undefined ? '–' : formatDuration(durationMs)),
      plain(trigger === undefined ? '–' : triggerText(trigger)),
      plain(files === undefined ? '–' : formatCount(files)),
      plain(bytes === undefined ? '–' : formatBytes(bytes)),
      { text: snapshotId?.slice(0, 8) ?? '–', isCode: true },
      plain(this.#places.keyOf(run)),
      { text: this.#resultOf(run), tone: toneOf(run) },
    ];
  }

  #resultOf(run: HistoryRecord): string {
    const { result, reason, exceptionCount = 0, number } = run;
    const ids = this.#report.nonconformitiesOfRun.get(number) ?? [];
    return [
      result === 'success-with-exceptions' ? l10n.t('Completed with {0} exceptions', formatCount(exceptionCount)) : resultText(run),
      result !== 'success-with-exceptions' && exceptionCount > 0 ? l10n.t('{0} exceptions', formatCount(exceptionCount)) : '',
      compressionText(run),
      reason === undefined ? '' : this.#options.sentences.reason(reason),
      ids.join(', '),
    ]
      .filter((part) => part !== '')
      .join('. ')
      .replaceAll('..', '.');
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
        { title: l10n.t('Owner'), width: 85 },
        { title: l10n.t('Cause'), width: 115 },
        { title: l10n.t('Correction, corrective action'), width: 125 },
        { title: l10n.t('State'), width: 90 },
      ],
      rows: this.#report.nonconformities.map((one) => this.#nonconformityRow(one)),
    };
  }

  #nonconformityRow(one: Nonconformity): Cell[] {
    const { id, openedAt, records, closed, owner } = one;
    const mends = [owner ? personText(owner) : l10n.t('nobody yet'), dueText(one, this.#today())];
    const day = (at: string) => shortDay(instantMsOf(at), this.#report.timeZone);
    return [
      plain(id),
      plain(day(openedAt)),
      plain(nonconformityText(one, this.#report.timeZone)),
      plain(numbersText(records) || '–'),
      plain(owner || one.isOpen ? mends.filter((part) => part !== '').join('; ') : '–'),
      plain(closed?.cause ?? '–'),
      plain([closed?.correction, closed?.prevention].filter((part) => part !== undefined && part !== '').join('. ') || '–'),
      { text: outcomeText(one, this.#report.timeZone), ...(one.isOpen && { tone: 'bad' }) },
    ];
  }

  #today(): string {
    return dayOf(this.#report.nowMs, this.#report.timeZone);
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
      rows: this.#report.events.flatMap((record) => this.#eventRows(record)),
    };
  }

  /** In full, whatever was changed: a row has to fit on a page, so what is long goes on in rows below. */
  #eventRows(record: HistoryRecord): Cell[][] {
    const { number, at, kind, operator, reason } = record;
    const ms = instantMsOf(at);
    const { timeZone } = this.#report;
    const isGood = record.result === undefined || record.result === 'success';
    const why = reason === undefined ? '' : this.#options.sentences.reason(reason);
    const came = isGood || why.startsWith(resultText(record)) ? '' : resultText(record);
    const parts = [came, eventText(record), why];
    const what = parts.filter((part) => part !== '').join(': ');
    const about = [String(number), shortDay(ms, timeZone), clockTime(ms, timeZone), kindText(kind), operator.name ?? operator.user];
    return flowing([...about.map(plain), { text: what, tone: toneOf(record) === 'good' ? undefined : toneOf(record) }], rowCharsMax);
  }

  #proof(): Fact[] {
    const { knowledge, publicKey, sentences } = this.#options;
    const { head } = knowledge.verification;
    const about = { timeZone: this.#report.timeZone, reasonText: sentences.reason };
    return [
      [l10n.t('Chain of records'), chainStateText(knowledge)],
      ...explanationsOf(knowledge).map((text): Fact => [l10n.t('To be read with it'), text]),
      ...(knowledge.witnesses.length === 0
        ? [[l10n.t('Compared with'), l10n.t('nothing outside this history')] as const]
        : knowledge.witnesses.map((witness): Fact => [l10n.t('Compared with'), witnessText(witness, about)])),
      [l10n.t('Last record'), head ? l10n.t('No. {number}, SHA-256 {hash}', { number: String(head.number), hash: head.hash }) : '–'],
      ...(this.#report.lastHash === undefined || this.#report.lastNumber === undefined
        ? []
        : [
            [
              l10n.t('Last record of the period'),
              l10n.t('No. {number}, SHA-256 {hash}', { number: String(this.#report.lastNumber), hash: this.#report.lastHash }),
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

  /** What the boxes have no room for: how far each approval goes, why one was refused, and those of a part of the period. */
  #approvalNotes(): Block[] {
    const { approvals, partialApprovals, recordsAfterApproval } = this.#report;
    const later = ({ number }: HistoryRecord): string => {
      const numbers = recordsAfterApproval.get(number) ?? [];
      if (numbers.length === 0) return '';
      return l10n.t('Records of the period that came later: No. {numbers}', { numbers: numbersText(numbers) });
    };
    const facts = [
      ...approvals.map((record): Fact => [titleOf(record), [approvalText(record), later(record)].filter((part) => part !== '').join('. ')]),
      ...partialApprovals.map((record): Fact => [l10n.t('Only a part of the period'), approvalText(record)]),
    ];
    return facts.length === 0 ? [] : [{ kind: 'facts', facts }];
  }

  #box(title: string, act: string, person: Person | undefined): SignatureBox {
    const record = this.#report.approvals.find(({ approval }) => approval?.act === act);
    const { name, position } = record?.approval ?? { name: person?.name ?? '', position: person?.position ?? '' };
    return {
      title,
      name,
      position,
      signature: record ? signatureText(record) : '',
      date: record ? shortDay(instantMsOf(record.at), this.#report.timeZone) : '',
    };
  }
}

function titleOf({ kind, number }: HistoryRecord): string {
  return kind === 'rejection' ? l10n.t('Rejection, record No. {0}', number) : l10n.t('Approval, record No. {0}', number);
}

/** How far it goes; a refusal is no signature. */
function signatureText({ kind, number, approval }: HistoryRecord): string {
  const facts = { number, through: approval?.throughNumber ?? 0 };
  return kind === 'rejection'
    ? l10n.t('REJECTED, record No. {number}', facts)
    : l10n.t('Record No. {number}, through No. {through}', facts);
}

/** The one line that says what a record of an event is about. */
export function eventText(record: HistoryRecord): string {
  const { kind, change, destination, evidence, counts, publicKey, remarks, clock, timeZone } = record;
  const words = chainWordsText(record);
  if (words !== undefined) return words;
  if (clock) return clockText(clock, timeZone);
  if (kind === 'unlock') return `${counts?.['locksRemoved'] ?? 0} – ${destination?.location ?? ''}`;
  if (kind === 'brought-back')
    return l10n.t('through No. {number}, from {location}', {
      number: String(evidence?.['throughNumber']),
      location: String(evidence?.['location']),
    });
  if (kind === 'low-space')
    return l10n.t('{location}: {free} free', {
      location: String(evidence?.['location']),
      free: formatBytes(Number(evidence?.['freeBytes'])),
    });
  if (change) {
    const values = [
      change.before === undefined ? '' : l10n.t('before: {0}', spaced(change.before)),
      change.after === undefined ? '' : l10n.t('after: {0}', spaced(change.after)),
    ]
      .filter((part) => part !== '')
      .join('; ');
    const what = changeText(change.what);
    return values === '' ? what : `${what} – ${values}`;
  }
  const { approval, nonconformity } = record;
  if (approval) return `${approvalText(record)}; ${approval.position}`;
  if (nonconformity) return nonconformity.id;
  if (destination?.account !== undefined) return destination.account;
  if (publicKey !== undefined) return `Ed25519 ${publicKey}`;
  if (evidence?.['keptAs'] !== undefined) return String(evidence['keptAs']);
  return remarks ?? '';
}

/** What a clock did, and what follows from it. */
function clockText({ step, from: before, to: after }: NonNullable<HistoryRecord['clock']>, timeZone: string | undefined): string {
  const time = (text: string): string => formatDate(BigInt(instantMsOf(text)) * 1_000_000n, { timeZone });
  const [from, to] = [time(before), time(after)];
  switch (step) {
    case 'forward':
      return l10n.t('The clock was set forward from {from} to {to}: nothing was missed in between, nobody lived through it.', { from, to });
    case 'back':
      return l10n.t('The clock was set back from {from} to {to}: no window is judged before {from}.', { from, to });
    case 'behind':
      return l10n.t('The clock shows {to}, but {from} is written down already: no window is judged before it is right.', { from, to });
    case 'returned':
      return l10n.t('The clock is right again: it shows {to}; before, it was at {from}.', { from, to });
    case 'accepted':
      return l10n.t('The clock has shown {to} for a day, and is believed, although {from} is written down.', { from, to });
  }
}

/** A page of paper takes about so many in the last column. */
const rowCharsMax = 1500;

/** The same JSON with blanks where lines may be broken. What is no JSON, such as the id of a key, stays as it is. */
function spaced(value: string): string {
  try {
    return JSON.stringify(JSON.parse(value), undefined, 1).replaceAll(/\n\s*/g, ' ');
  } catch {
    return value;
  }
}

function dayBefore(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}

function spanText(from: string, to: string): string {
  return from === to ? longDay(from) : l10n.t('{from} to {to}', { from: longDay(from), to: longDay(to) });
}

/** `21:00–23:00`, in Indonesian `21.00–23.00` */
function windowText(window: string): string {
  return window
    .split('-')
    .map((time) => clockTime(Date.parse(`2026-01-01T${time}:00Z`), 'UTC'))
    .join('–');
}

function counted(count: number, tone: Tone): Cell {
  return count === 0 ? { text: '0', tone: 'weak' } : { text: formatCount(count), tone };
}
