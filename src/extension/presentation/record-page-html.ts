import { escapeHtml, formatCount, formatDate, l10n } from '../../platform/index.ts';
import type { NonconformityInfo, RecordFault, RecordPage, RecordRow, RecordsVerification } from '../../service/index.ts';
import { dayLabel } from './date-groups.ts';
import { describeError } from './error-text.ts';
import { instantOf } from './instants.ts';
import type { RecordResult } from './record-rows.ts';
import { joined } from './set-row.ts';
import { commandTitle } from './words.ts';

/** Pages about records, as the markup of their body. A button says in `data-action` what it does, with `data-argument` to what. */
export interface PageText {
  readonly title: string;
  readonly body: string;
}

/** A record as people read it. */
export function recordPageHtml(page: RecordPage): PageText {
  const { number, kindText, resultText, result, summary, fields, restorable, repeatable, nonconformities, line, fault, faults } = page;
  const title = l10n.t('{kind}, record No. {number}', { kind: kindText, number: formatCount(number) });
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
  { id, ruleText, text, openedAt, openedBy, records, closed }: NonconformityInfo,
  shown: readonly RecordRow[],
): PageText {
  const title = l10n.t('Nonconformity {id}', { id });
  const when = (time: string) => formatDate(instantOf(time));
  const ofRecord = (number: number) => {
    const row = shown.find((candidate) => candidate.number === number);
    return button(
      'record',
      row === undefined
        ? l10n.t('Record {number}', { number: formatCount(number) })
        : joined([l10n.t('Record {number}', { number: formatCount(number) }), row.kindText, dayLabel(row.day), row.resultText], ', '),
      String(number),
      'link',
    );
  };
  const facts: Fact[] = [
    [l10n.t('Rule'), escapeHtml(ruleText)],
    [l10n.t('What'), escapeHtml(text)],
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
      closed === undefined ? stateLine('bad', '⚑', l10n.t('Still open')) : stateLine('good', '✓', l10n.t('Closed')),
      actions(closed === undefined ? [button('close', commandTitle('closeNonconformity'), id)] : []),
      section(l10n.t('What happened'), factsTable(facts)),
      closing.length === 0 ? '' : section(l10n.t('How it was closed'), factsTable(closing)),
    ]),
  };
}

/** Whether the records are as they were written, and what that rests on. */
export function verificationPageHtml({ isIntact, count, faults, notes, compared, notCompared, publicKey }: RecordsVerification): PageText {
  const title = l10n.t('Verification of the Records');
  const list = (items: readonly string[]) => `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
  const numbered = (items: readonly string[]) => `<ol>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ol>`;
  const read = isIntact
    ? l10n.t('{count} records read, every hash and signature proven.', { count: formatCount(count) })
    : l10n.t('{count} records read that are sound in themselves.', { count: formatCount(count) });
  return {
    title,
    body: main(title, [
      isIntact
        ? stateLine('good', '✓', l10n.t('Intact: nothing was changed, taken out, put in or cut off.'))
        : stateLine('bad', '✕', l10n.t('Not intact. The first fault is named first.')),
      faults.length === 0 ? '' : section(l10n.t('Faults'), numbered(faults)),
      section(
        l10n.t('What was compared'),
        [
          paragraph(read),
          compared.length === 0
            ? paragraph(l10n.t('No repository could be compared: nobody but this machine vouches for the end of the chain.'))
            : `${paragraph(l10n.t('With the heads of the chain and the snapshots in:'))}${list(compared)}`,
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

/** Colours are those of the theme; what they say, a sign and words say too. */
export const recordPageStyle = `
body { font: var(--vscode-font-size) / 1.5 var(--vscode-font-family); color: var(--vscode-foreground); background: var(--vscode-editor-background); padding: 0 1.5em 2em; }
main { max-width: 60em; }
h1 { font-size: 1.5em; font-weight: 600; margin: 1em 0 0.3em; }
h2 { font-size: 1.15em; font-weight: 600; margin: 1.8em 0 0.5em; }
p { margin: 0.4em 0; overflow-wrap: anywhere; }
.state { font-weight: 600; }
.sign { display: inline-block; width: 1.4em; }
.good { color: var(--vscode-testing-iconPassed); } .warning { color: var(--vscode-list-warningForeground); } .bad { color: var(--vscode-list-errorForeground); }
.actions { display: flex; flex-wrap: wrap; gap: 0.6em; margin: 1em 0; }
button { font: inherit; color: var(--vscode-button-foreground); background: var(--vscode-button-background); border: 1px solid var(--vscode-button-border, transparent); border-radius: 2px; padding: 0.25em 0.9em; cursor: pointer; }
button:hover { background: var(--vscode-button-hoverBackground); }
button:focus-visible, summary:focus-visible, pre:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: 2px; }
button.link { color: var(--vscode-textLink-foreground); background: none; border-color: transparent; padding: 0; text-align: start; text-decoration: underline; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: start; vertical-align: top; padding: 0.25em 1em 0.25em 0; border-bottom: 1px solid var(--vscode-widget-border, var(--vscode-contrastBorder, transparent)); overflow-wrap: anywhere; }
th { font-weight: 600; }
th[scope=row] { width: 14em; font-weight: 400; color: var(--vscode-descriptionForeground); }
td ul { margin: 0; padding-inline-start: 1.2em; }
td { white-space: pre-line; }
code, pre { font-family: var(--vscode-editor-font-family); font-size: var(--vscode-editor-font-size); overflow-wrap: anywhere; }
pre { white-space: pre-wrap; background: var(--vscode-textCodeBlock-background); padding: 0.8em; max-height: 30em; overflow: auto; }
summary { cursor: pointer; }
`;

type Fact = readonly [label: string, html: string];

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

function main(title: string, parts: readonly string[]): string {
  return `<main>\n<h1>${escapeHtml(title)}</h1>\n${parts.filter((part) => part !== '').join('\n')}\n</main>`;
}

function stateLine(tone: 'good' | 'warning' | 'bad', sign: string, text: string): string {
  return `<p class="state ${tone}"><span class="sign" aria-hidden="true">${sign}</span>${escapeHtml(text)}</p>`;
}

function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`;
}

function section(title: string, html: string): string {
  return html === '' ? '' : `<section><h2>${escapeHtml(title)}</h2>${html}</section>`;
}

function actions(buttons: readonly string[]): string {
  const present = buttons.filter((one) => one !== '');
  return present.length === 0 ? '' : `<div class="actions">${present.join('')}</div>`;
}

function button(action: string, label: string, argument = '', kind = ''): string {
  return `<button type="button"${kind === '' ? '' : ` class="${kind}"`} data-action="${escapeHtml(action)}" data-argument="${escapeHtml(argument)}">${escapeHtml(label)}</button>`;
}

function factsTable(facts: readonly Fact[]): string {
  return `<table><tbody>${facts.map(([label, html]) => `<tr><th scope="row">${escapeHtml(label)}</th><td>${html}</td></tr>`).join('')}</tbody></table>`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = titles.map((title) => `<th scope="col">${escapeHtml(title)}</th>`).join('');
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.map((row) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`).join('')}</tbody></table>`;
}
