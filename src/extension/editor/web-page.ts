import type * as vscode from 'vscode';
import { currentLanguage, escapeHtml, systemRandom } from '../../platform/index.ts';

/** A page in a panel of the editor. */
export interface WebPage {
  readonly title: string;
  /** Markup; every text in it went through `escapeHtml`. */
  readonly body: string;
  /** Style sheets that stand in the page; colours are variables of the theme. */
  readonly style?: string;
  /** A program that stands in the page; without one, and without files, nothing in it can run. */
  readonly script?: string;
  /** Files of the extension, in folders that the panel may read. */
  readonly styleFiles?: readonly vscode.Uri[];
  readonly scriptFiles?: readonly vscode.Uri[];
}

/**
 * The whole document. It loads nothing but files of the extension that it names, and runs nothing but what is named: the policy forbids
 * everything else.
 */
export function webPage(webview: vscode.Webview, { title, body, style, script, styleFiles = [], scriptFiles = [] }: WebPage): string {
  const nonce = Buffer.from(systemRandom.fill(new Uint8Array(16))).toString('base64');
  const ofFiles = styleFiles.length > 0 ? ` ${webview.cspSource}` : '';
  const policy = [
    `default-src 'none'`,
    `style-src 'nonce-${nonce}'${ofFiles}`,
    `script-src 'nonce-${nonce}'`,
    ...(ofFiles === '' ? [] : [`font-src${ofFiles}`]),
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
  const href = (uri: vscode.Uri) => escapeHtml(webview.asWebviewUri(uri).toString());
  return `<!doctype html>
<html lang="${currentLanguage()}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
${styleFiles.map((file) => `<link rel="stylesheet" href="${href(file)}">`).join('\n')}
${style === undefined ? '' : `<style nonce="${nonce}">${style}</style>`}
</head>
<body>
${body}
${scriptFiles.map((file) => `<script nonce="${nonce}" src="${href(file)}"></script>`).join('\n')}
${script === undefined ? '' : `<script nonce="${nonce}">${script}</script>`}
</body>
</html>
`;
}
