import { currentLanguage, escapeHtml } from '../platform/index.ts';
import { folded, footerOf, subjectOf, toneOf, type Message, type Section, type Tone } from './message.ts';

/* A message as each way shows it, in the language of the moment. All of them say the same. */

/** For people who read plain text: mail, and what a desktop shows. */
export function plainText(message: Message): string {
  return `${[...folded(message.sections).map(sectionText), footerOf(message).join('\n')].join('\n\n')}\n`;
}

function sectionText({ title, tone, about, lines, next, table }: Section): string {
  return [
    `${signs[tone]} ${title}`,
    ...(about === '' ? [] : [`  ${about}`]),
    ...lines.map((line) => `  ${line}`),
    ...(table === undefined ? [] : rowsText(table)),
    ...(next === undefined ? [] : [`  → ${next}`]),
  ].join('\n');
}

const signs: Readonly<Record<Tone, string>> = { bad: '✖', note: '▲', good: '✔' };

/** A phone breaks long lines, so a row of a table is a line of pairs. */
function rowsText({ titles, rows }: NonNullable<Section['table']>): string[] {
  return rows.map(([first = '', ...others]) => `  ${first}: ${others.map((cell, at) => `${titles[at + 1] ?? ''} ${cell}`).join(', ')}`);
}

const colours: Readonly<Record<Tone, { readonly line: string; readonly ground: string }>> = {
  bad: { line: '#b3261e', ground: '#fdf3f2' },
  note: { line: '#9a6700', ground: '#fdf8ec' },
  good: { line: '#1a7f4b', ground: '#f0f9f4' },
};

/**
 * For mail programs, a phone's first: tables and styles of each element, since many of them know neither style sheets nor boxes that flow;
 * no picture, nothing that is fetched.
 */
export function htmlText(message: Message): string {
  const subject = subjectOf(message);
  const { line } = colours[toneOf(message)];
  const small = 'font-size:13px;line-height:19px;color:#5f6368';
  return `<!doctype html>
<html lang="${currentLanguage()}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light"><title>${escapeHtml(subject)}</title></head>
<body style="margin:0;padding:0;background:#eef0f2;color:#1f2328;-webkit-text-size-adjust:100%">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#eef0f2"><tr><td align="center" style="padding:12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px;background:#ffffff;border-top:4px solid ${line};
font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:22px">
<tr><td style="padding:16px 16px 4px 16px;${small}">Cadangan · ${escapeHtml(message.from)}</td></tr>
${folded(message.sections).map(sectionHtml).join('\n')}
<tr><td style="padding:4px 16px 16px 16px;${small}">${footerOf(message).map(escapeHtml).join('<br>')}</td></tr>
</table></td></tr></table></body></html>
`;
}

function sectionHtml({ title, tone, about, lines, next, table }: Section): string {
  const { line, ground } = colours[tone];
  const paragraph = (text: string, style = ''): string =>
    `<div style="padding-top:6px;overflow-wrap:anywhere;word-break:break-word;${style}">${escapeHtml(text)}</div>`;
  return `<tr><td style="padding:8px 16px"><table role="presentation" width="100%" cellpadding="0" cellspacing="0"
 style="table-layout:fixed;background:${ground};border-left:4px solid ${line}"><tr><td style="padding:12px">
<div style="font-size:17px;line-height:23px;font-weight:bold;color:${line};overflow-wrap:anywhere">${escapeHtml(title)}</div>
${about === '' ? '' : paragraph(about, 'padding-top:2px;font-size:13px;line-height:19px;color:#5f6368')}
${lines.map((text) => paragraph(text)).join('\n')}
${table === undefined ? '' : tableHtml(table)}
${next === undefined ? '' : paragraph(`→ ${next}`, 'font-weight:bold')}
</td></tr></table></td></tr>`;
}

function tableHtml({ titles, rows }: NonNullable<Section['table']>): string {
  const cell = (text: string, at: number, tag: 'td' | 'th'): string =>
    `<${tag} align="${at === 0 ? 'left' : 'right'}" valign="top" style="padding:4px 6px 4px 0;border-bottom:1px solid #d5d9dd;${
      tag === 'th' ? 'font-size:11px;line-height:15px;color:#5f6368;' : at === 0 ? 'overflow-wrap:break-word;' : ''
    }"${at === 0 ? ' width="40%"' : ''}>${escapeHtml(text)}</${tag}>`;
  const row = (cells: readonly string[], tag: 'td' | 'th'): string => `<tr>${cells.map((text, at) => cell(text, at, tag)).join('')}</tr>`;
  return `<table width="100%" cellpadding="0" cellspacing="0" style="margin-top:8px;font-size:14px;line-height:20px">${[
    row(titles, 'th'),
    ...rows.map((cells) => row(cells, 'td')),
  ].join('\n')}</table>`;
}

/** For programs. @param at when it is sent, RFC 3339 */
export function webhookBody(message: Message, at: string): string {
  const { id, kind, from, sections, left } = message;
  return JSON.stringify({
    id,
    kind,
    from,
    at,
    tone: toneOf(message),
    subject: subjectOf(message),
    left,
    sections: folded(sections).map(({ shows: _shows, ...section }) => section),
  });
}

/** Adaptive Card for the webhook of a Teams workflow ("Send webhook alerts to a channel"): 28 KB are taken at most. */
export function teamsBody(message: Message): string {
  const block = (text: string, more: Readonly<Record<string, unknown>> = {}): unknown => ({ type: 'TextBlock', text, wrap: true, ...more });
  const sections = folded(message.sections);
  const containerOf = ({ title, tone, about, lines, next, table }: Section): unknown => ({
    type: 'Container',
    style: cardStyles[tone],
    bleed: true,
    items: [
      block(unformatted(title), { weight: 'Bolder', size: 'Medium' }),
      ...(about === '' ? [] : [block(unformatted(about), { isSubtle: true, spacing: 'None' })]),
      ...[...lines, ...(table === undefined ? [] : rowsText(table).map((row) => row.trim()))].map((text) => block(unformatted(text))),
      ...(next === undefined ? [] : [block(unformatted(`→ ${next}`), { weight: 'Bolder' })]),
    ],
  });
  const cardOf = (count: number): string =>
    JSON.stringify({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          contentUrl: null,
          content: {
            $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
            type: 'AdaptiveCard',
            version: '1.4',
            body: [
              block(unformatted(subjectOf(message)), { weight: 'Bolder', size: 'Large' }),
              ...sections.slice(0, count).map(containerOf),
              ...footerOf({ ...message, left: message.left + sections.length - count }).map((text) =>
                block(unformatted(text), { isSubtle: true, size: 'Small' }),
              ),
            ],
          },
        },
      ],
    });
  return largest(sections.length, cardOf, (card) => Buffer.byteLength(card) <= cardBytesMax);
}

const cardBytesMax = 27_000;
const cardStyles: Readonly<Record<Tone, string>> = { bad: 'attention', note: 'warning', good: 'good' };

/** Text blocks know some Markdown (links, lists, emphasis): names of files are none. */
function unformatted(text: string): string {
  return text.replaceAll(/[\\`*_[\]~#|]/g, (sign) => `\\${sign}`);
}

/** For `sendMessage` of Telegram's bots: 4096 letters at most; without `parse_mode` nothing in it is a sign of format. */
export function telegramBody(message: Message, chat: string): string {
  const sections = folded(message.sections);
  const text = largest(
    sections.length,
    (count) =>
      [
        subjectOf(message),
        ...sections.slice(0, count).map(sectionText),
        footerOf({ ...message, left: message.left + sections.length - count }).join('\n'),
      ].join('\n\n'),
    (whole) => whole.length <= telegramCharsMax,
  );
  return JSON.stringify({ chat_id: chat, text: text.slice(0, telegramCharsMax), link_preview_options: { is_disabled: true } });
}

const telegramCharsMax = 4096;

/** With as many of its parts as fit. */
function largest(count: number, make: (count: number) => string, fits: (text: string) => boolean): string {
  for (let wanted = count; wanted > 0; wanted -= 1) {
    const text = make(wanted);
    if (fits(text)) return text;
  }
  return make(0);
}
