import { l10n } from '../platform/index.ts';

/** What the browser shows when it comes back from Google. Everything is in the page itself; nothing is loaded. */
export function signInPage(text: { readonly title: string; readonly body: string }): {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
} {
  const [title, body] = [escape(text.title), escape(text.body)];
  const html = `<!doctype html><html><head><meta charset="utf-8"><title>${title}</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:20vh auto;padding:0 1em;color-scheme:light dark}</style></head><body><h1>${title}</h1><p>${body}</p></body></html>`;
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
    // The address has the code in it.
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    Connection: 'close',
  };
  return { html, headers };
}

export function signedInText(account: string): { readonly title: string; readonly body: string } {
  return {
    title: l10n.t('Signed in to Google Drive'),
    body: l10n.t('Cadangan now works with the account {account}. You can close this page.', { account }),
  };
}

export function notSignedInText(): { readonly title: string; readonly body: string } {
  return { title: l10n.t('Not signed in'), body: l10n.t('Nothing was kept. Go back to Cadangan: it says why, and what to do.') };
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
