import { escapeHtml } from '../../platform/index.ts';
import type { Block, Cell, Column, Form, SignatureBox } from './form.ts';

/** The form as one file that any browser shows and prints. It loads nothing, and nothing in it can run. */
export function formHtml(form: Form): string {
  const { language, title, subtitle, classification, organisation, logo, header, blocks, footer } = form;
  const image = logo ? `<img alt="" src="data:${logo.mediaType};base64,${logo.bytes.toString('base64')}">` : '';
  const facts = header.map(([label, value]) => `<tr><th scope="row">${escapeHtml(label)}</th><td>${escapeHtml(value)}</td></tr>`).join('');
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${logo ? '; img-src data:' : ''}">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml([title, subtitle, organisation].filter((part) => part !== '').join(' – '))}</title>
<style>${style}</style>
</head>
<body>
<header>
<div class="organisation">${image}<span>${escapeHtml(organisation)}</span></div>
<div class="title"><h1>${escapeHtml(title)}</h1><p>${escapeHtml(subtitle)}</p><p>${escapeHtml(classification)}</p></div>
<table>${facts}</table>
</header>
<main>
${blocks.map(blockHtml).join('\n')}
</main>
<footer>${escapeHtml(footer)}</footer>
</body>
</html>
`;
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h2>${escapeHtml(block.text)}</h2>`;
    case 'text':
      return `<p>${escapeHtml(block.text)}</p>`;
    case 'together':
      return `<div class="together">${block.blocks.map(blockHtml).join('\n')}</div>`;
    case 'facts':
      return `<table class="facts">${block.facts.map(([label, value]) => `<tr><th scope="row">${escapeHtml(label)}</th><td>${escapeHtml(value)}</td></tr>`).join('')}</table>`;
    case 'table':
      return block.rows.length === 0 ? `<p>${escapeHtml(block.empty)}</p>` : tableHtml(block.columns, block.rows);
    case 'signatures':
      return `<div class="signatures">${block.boxes.map((box) => boxHtml(box, block.labels)).join('')}</div>`;
  }
}

function tableHtml(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const align = (column: Column | undefined): string => {
    const classes = [column?.align ?? 'left', ...(column?.width === 'auto' ? ['narrow'] : [])].filter((name) => name !== 'left');
    return classes.length === 0 ? '' : ` class="${classes.join(' ')}"`;
  };
  const head = columns
    .map(
      (column) =>
        `<th scope="col"${align(column)}${typeof column.width === 'number' ? ` style="min-width:${column.width}pt"` : ''}>${escapeHtml(column.title)}</th>`,
    )
    .join('');
  const body = rows
    .map((row) => `<tr>${row.map((cell, at) => `<td${align(columns[at])}>${cellHtml(cell)}</td>`).join('')}</tr>`)
    .join('\n');
  return `<table class="list"><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table>`;
}

function cellHtml({ text, tone, isCode = false }: Cell): string {
  const inner = isCode ? `<code>${escapeHtml(text)}</code>` : escapeHtml(text);
  return tone === undefined ? inner : `<span class="${tone}">${inner}</span>`;
}

function boxHtml(
  { title, name, position, signature, date }: SignatureBox,
  labels: { readonly name: string; readonly position: string; readonly signature: string; readonly date: string },
): string {
  const row = (label: string, value: string, kind = '') =>
    `<tr><th scope="row">${escapeHtml(label)}</th><td${kind}>${escapeHtml(value)}</td></tr>`;
  return `<table><caption>${escapeHtml(title)}</caption>${row(labels.name, name)}${row(labels.position, position)}${row(labels.signature, signature, ' class="sign"')}${row(labels.date, date)}</table>`;
}

const style = `
@page { size: A4 landscape; margin: 12mm; }
* { box-sizing: border-box; }
body { font: 10pt/1.4 Roboto, "Segoe UI", "Noto Sans", Arial, sans-serif; color: #111; background: #fff; max-width: 273mm; margin: 8mm auto; padding: 0 4mm; }
header { display: grid; grid-template-columns: 1fr 2fr 1fr; border: 1px solid #333; }
header > * { padding: 2mm 3mm; border-left: 1px solid #333; }
header > :first-child { border-left: 0; }
header + main { margin-top: 4mm; }
header td, header th { padding-left: 2mm; }
.organisation { font-weight: 600; display: flex; gap: 3mm; align-items: center; overflow-wrap: anywhere; min-width: 0; }
.organisation img { max-height: 18mm; max-width: 25mm; }
.title { text-align: center; }
.title h1 { font-size: 15pt; margin: 1mm 0; }
.title p { margin: 0; }
header th { text-align: left; font-weight: 400; padding-right: 3mm; white-space: nowrap; }
h2 { font-size: 11.5pt; margin: 5mm 0 1.5mm; break-after: avoid; }
table { border-collapse: collapse; }
.facts th { text-align: left; font-weight: 400; color: #444; padding: 0.3mm 5mm 0.3mm 0; vertical-align: top; }
.facts td { overflow-wrap: anywhere; }
.list { width: 100%; margin-top: 1.5mm; font-size: 8.5pt; }
.list th, .list td { border: 1px solid #888; padding: 0.8mm 1.5mm; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.list th { background: #e8edf0; overflow-wrap: normal; }
.list tr { break-inside: avoid; }
.list .right { text-align: right; }
.list .center { text-align: center; }
.list .narrow { white-space: nowrap; width: 1%; }
.together { break-inside: avoid; }
.good { color: #1b5e20; } .warning { color: #7a4a00; } .bad { color: #a01414; font-weight: 600; } .weak { color: #666; }
code { font: 0.95em/1.3 "Roboto Mono", Consolas, monospace; }
.signatures { display: grid; grid-template-columns: repeat(3, 1fr); gap: 0; margin-top: 7mm; break-inside: avoid; }
.signatures table { width: 100%; }
.signatures caption { border: 1px solid #333; border-bottom: 0; background: #e8edf0; font-weight: 600; padding: 1mm; }
.signatures th, .signatures td { border: 1px solid #333; padding: 1mm 2mm; text-align: left; }
.signatures th { font-weight: 400; width: 26mm; }
.signatures .sign { height: 20mm; }
footer { margin-top: 4mm; font-size: 8pt; color: #444; }
`;
