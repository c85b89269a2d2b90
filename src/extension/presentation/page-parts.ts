import { escapeHtml } from '../../platform/index.ts';

/* What the pages of a tab are made of: `editor/record-pages.ts` shows them. */

/** A page, as the markup of its body. A button says in `data-action` what it does, with `data-argument` to what. */
export interface PageText {
  readonly title: string;
  readonly body: string;
}

/** Colours are those of the theme; what they say, a sign and words say too. */
export const pageStyle = `
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

export type Fact = readonly [label: string, html: string];

/** All of a page below its heading; parts without anything are left out. */
export function main(title: string, parts: readonly string[]): string {
  return `<main>\n<h1>${escapeHtml(title)}</h1>\n${parts.filter((part) => part !== '').join('\n')}\n</main>`;
}

/** What matters most, in one line: the sign says the same as its words. */
export function stateLine(tone: 'good' | 'warning' | 'bad', sign: string, text: string): string {
  return `<p class="state ${tone}"><span class="sign" aria-hidden="true">${sign}</span>${escapeHtml(text)}</p>`;
}

export function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`;
}

/** Nothing when there is nothing in it. */
export function section(title: string, html: string): string {
  return html === '' ? '' : `<section><h2>${escapeHtml(title)}</h2>${html}</section>`;
}

/** Buttons in a row; texts that are empty are no buttons. */
export function actions(buttons: readonly string[]): string {
  const present = buttons.filter((one) => one !== '');
  return present.length === 0 ? '' : `<div class="actions">${present.join('')}</div>`;
}

/** @param argument given back with the action @param kind `link`: looks like one */
export function button(action: string, label: string, argument = '', kind = ''): string {
  return `<button type="button"${kind === '' ? '' : ` class="${kind}"`} data-action="${escapeHtml(action)}" data-argument="${escapeHtml(argument)}">${escapeHtml(label)}</button>`;
}

/** Labels and what they are, which is markup already. */
export function factsTable(facts: readonly Fact[]): string {
  return `<table><tbody>${facts.map(([label, html]) => `<tr><th scope="row">${escapeHtml(label)}</th><td>${html}</td></tr>`).join('')}</tbody></table>`;
}

/** Cells are texts. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = titles.map((title) => `<th scope="col">${escapeHtml(title)}</th>`).join('');
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.map((row) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`).join('')}</tbody></table>`;
}
