import { escapeHtml, formatCount, formatDate, l10n } from '../../platform/index.ts';
import type { NonconformityInfo, RecordFault, RecordPage, RecordRow, RecordsVerification } from '../../service/index.ts';
import { dayLabel } from './date-groups.ts';
import { describeError } from './error-text.ts';
import { instantOf } from './instants.ts';
import { actions, button, factsTable, main, paragraph, section, stateLine, table, type Fact, type PageText } from './page-parts.ts';
import type { RecordResult } from './record-rows.ts';
import { joined } from './set-row.ts';
import { commandTitle } from './words.ts';

/** A record as people read it. */
export function recordPageHtml(page: RecordPage): PageText {
  const { number, kindText, resultText, result, summary, fields, restorable, repeatable, nonconformities, line, fault, faults } = page;
  const title = l10n.t('{kind}, record No. {number}', { kind: kindText, number: String(number) });
  const buttons = [
    restorable === undefined ? '' : button('restore', commandTitle('restoreRecord'), String(number)),
    repeatable === undefined ? '' : button('repeat', l10n.t('Run Again')),
    ...nonconformities.map((id) => button('nonconformity', l10n.t('Open {id}', { id }), id)),
  ];
  return {
    title,
    body: main(title, [
      fault === undefined ? '' : faultSections(fault, faults),
      result === undefined || fault !== undefined ? '' : resultLine(result, resultText ?? ''),
      summary === '' ? '' : paragraph(summary),
      actions(buttons),
      exceptionsSection(page),
      section(l10n.t('Details'), factsTable(fields.map(({ label, value }) => [label, escapeHtml(value)]))),
      section(
        l10n.t('As it stands in the file'),
        `<details><summary>${escapeHtml(l10n.t('Line of the record'))}</summary><pre tabindex="0">${escapeHtml(line)}</pre></details>${actions([button('copy', l10n.t('Copy the Line'))])}`,
      ),
    ]),
  };
}

/** A place where the history is not as it was written. */
export function recordFaultPageHtml({ label, text }: RecordFault): PageText {
  return { title: label, body: main(label, [faultSections(l10n.t('Not as it was written'), [text])]) };
}

/** What was not as the work instruction wants it, and how it was closed. */
export function nonconformityPageHtml(
  { id, ruleText, text, openedAt, openedBy, records, closed, isOpen, stateText }: NonconformityInfo,
  shown: readonly RecordRow[],
): PageText {
  const title = l10n.t('Nonconformity {id}', { id });
  const when = (time: string) => formatDate(instantOf(time));
  const ofRecord = (number: number) => {
    const row = shown.find((candidate) => candidate.number === number);
    return button(
      'record',
      row === undefined
        ? l10n.t('Record {number}', { number: String(number) })
        : joined([l10n.t('Record {number}', { number: String(number) }), row.kindText, dayLabel(row.day), row.resultText], ', '),
      String(number),
      'link',
    );
  };
  const facts: Fact[] = [
    [l10n.t('Rule'), escapeHtml(ruleText)],
    [l10n.t('What'), escapeHtml(text)],
    [l10n.t('State'), escapeHtml(stateText)],
    [l10n.t('Opened'), escapeHtml(when(openedAt)) + (openedBy === undefined ? '' : ` ${ofRecord(openedBy)}`)],
    ...(records.length === 0
      ? []
      : [[l10n.t('Records that show it'), `<ul>${records.map((number) => `<li>${ofRecord(number)}</li>`).join('')}</ul>`] as const]),
  ];
  const closing: Fact[] =
    closed === undefined
      ? []
      : [
          [l10n.t('Closed'), `${escapeHtml(when(closed.at))} ${ofRecord(closed.number)}`],
          [l10n.t('By'), escapeHtml(joined([closed.name, closed.position], ', '))],
          [l10n.t('Cause'), escapeHtml(closed.cause)],
          [l10n.t('Correction'), escapeHtml(closed.correction)],
          ...(closed.prevention === '' ? [] : [[l10n.t('Prevention'), escapeHtml(closed.prevention)] as const]),
        ];
  return {
    title,
    body: main(title, [
      isOpen
        ? stateLine('bad', '⚑', l10n.t('Still open'))
        : stateLine('good', '✓', closed === undefined ? l10n.t('Withdrawn') : l10n.t('Closed')),
      actions([
        isOpen ? button('close', commandTitle('closeNonconformity'), id) : '',
        isOpen ? button('assign', commandTitle('assignNonconformity'), id) : '',
        closed === undefined ? '' : button('follow-up', commandTitle('followUpNonconformity'), id),
        isOpen || closed !== undefined ? button('withdraw', commandTitle('withdrawNonconformity'), id) : '',
      ]),
      section(l10n.t('What happened'), factsTable(facts)),
      closing.length === 0 ? '' : section(l10n.t('How it was closed'), factsTable(closing)),
    ]),
  };
}

/** Whether the records are as they were written, and what that rests on. */
export function verificationPageHtml({
  isIntact,
  state,
  stateText,
  count,
  faults,
  notes,
  witnesses,
  notCompared,
  publicKey,
}: RecordsVerification): PageText {
  const title = l10n.t('Verification of the Records');
  const list = (items: readonly string[]) => `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
  const numbered = (items: readonly string[]) => `<ol>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ol>`;
  const read = isIntact
    ? l10n.t('{count} records read, every hash and signature proven.', { count: formatCount(count) })
    : l10n.t('{count} records read that are sound in themselves.', { count: formatCount(count) });
  return {
    title,
    body: main(title, [
      state === 'intact'
        ? stateLine('good', '✓', stateText)
        : state === 'broken'
          ? stateLine('bad', '✕', l10n.t('Not intact. The first fault is named first.'))
          : stateLine('warning', '⚠', stateText),
      faults.length === 0 ? '' : section(l10n.t('Faults'), numbered(faults)),
      section(
        l10n.t('What was compared'),
        [
          paragraph(read),
          state === 'sound' || witnesses.length === 0
            ? paragraph(l10n.t('No repository could be compared: nobody but this machine vouches for the end of the chain.'))
            : paragraph(l10n.t('With the heads of the chain and the snapshots in:')),
          witnesses.length === 0 ? '' : list(witnesses),
          notCompared.length === 0
            ? ''
            : table(
                [l10n.t('Not compared'), l10n.t('Reason')],
                notCompared.map(({ location, error }) => [location, describeError(error).what]),
              ),
        ].join(''),
      ),
      notes.length === 0 ? '' : section(l10n.t('Notes'), list(notes)),
      publicKey === '' ? '' : section(l10n.t('Public key of this installation'), `<p><code>Ed25519 ${escapeHtml(publicKey)}</code></p>`),
      actions([button('verify', l10n.t('Verify Again'))]),
    ]),
  };
}

function exceptionsSection({ exceptions, exceptionCount }: RecordPage): string {
  if (exceptionCount === 0) return '';
  const more = exceptionCount - exceptions.length;
  const rest = more > 0 ? paragraph(l10n.t('… and {0} more, which the record counts and does not name', formatCount(more))) : '';
  return section(
    l10n.t('Exceptions ({count})', { count: formatCount(exceptionCount) }),
    table(
      [l10n.t('File or folder'), l10n.t('What happened')],
      exceptions.map(({ item, text }) => [item, text]),
    ) + rest,
  );
}

/** What is wrong with a record, and what to do about it. */
function faultSections(state: string, faults: readonly string[]): string {
  return [
    stateLine('bad', '✕', state),
    ...faults.map(paragraph),
    section(
      l10n.t('What to do'),
      [
        paragraph(
          l10n.t(
            'The file was changed after it was written, by somebody or something else than Cadangan. What stands there now proves nothing.',
          ),
        ),
        paragraph(
          l10n.t(
            'Verify the records: that compares them with what snapshots and Google Drive know of them, names every fault, and opens a nonconformity. Leave the file as it is, and keep a copy of it, until the cause is known.',
          ),
        ),
        actions([button('verify', commandTitle('verifyRecords'))]),
      ].join(''),
    ),
  ].join('\n');
}

function resultLine(result: RecordResult, text: string): string {
  switch (result) {
    case 'success':
      return stateLine('good', '✓', text);
    case 'success-with-exceptions':
      return stateLine('warning', '⚠', text);
    case 'failed':
      return stateLine('bad', '✕', text);
    case 'stopped':
      return stateLine('warning', '■', text);
    case 'missed':
      return stateLine('warning', '○', text);
  }
}
