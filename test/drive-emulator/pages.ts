import type { AccountOptions, ClientOptions } from './options.ts';

/** The consent page: which account, and what the program may do. Plain HTML, so that a test's browser and a person use the same. */
export function consentPage(
  client: ClientOptions,
  accounts: readonly AccountOptions[],
  scopes: readonly string[],
  fields: Readonly<Record<string, string>>,
  loginHint: string | null,
): string {
  const choices = accounts.map(({ email, displayName }, index) => {
    const isChosen = loginHint === null ? index === 0 : email === loginHint;
    return `<label><input type="radio" name="account" value="${escape(email)}"${isChosen ? ' checked' : ''}> ${escape(displayName ?? email)} <small>${escape(email)}</small></label>`;
  });
  const boxes = scopes.map(
    (scope) => `<label><input type="checkbox" name="granted" value="${escape(scope)}" checked> ${escape(wordsOf(scope))}</label>`,
  );
  const hidden = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`);
  return page(
    'Sign in with Google (emulator)',
    `
<form method="post" action="/o/oauth2/v2/consent">
<h2>Choose an account</h2>${choices.join('')}
<h2>${escape(client.id)} wants to</h2>${boxes.join('')}
${hidden.join('')}
<p><button name="answer" value="deny">Cancel</button> <button name="answer" value="allow" id="allow">Continue</button></p>
</form>`,
  );
}

export function devicePage(accounts: readonly AccountOptions[], code: string): string {
  const choices = accounts.map(
    ({ email }, index) =>
      `<label><input type="radio" name="account" value="${escape(email)}"${index === 0 ? ' checked' : ''}> ${escape(email)}</label>`,
  );
  return page(
    'Connect a device (emulator)',
    `
<form method="post" action="/device">
<p><label>Code <input name="user_code" value="${escape(code)}" autofocus></label></p>
${choices.join('')}
<p><button name="answer" value="deny">Cancel</button> <button name="answer" value="allow" id="allow">Allow</button></p>
</form>`,
  );
}

export function messagePage(title: string, text: string): string {
  return page(title, `<p>${escape(text)}</p>`);
}

function page(title: string, body: string): string {
  const style =
    'body{font:16px/1.5 sans-serif;max-width:32em;margin:3em auto;padding:0 1em}label{display:block;margin:.4em 0}h2{font-size:1.1em}button{font:inherit;padding:.4em 1em}';
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escape(title)}</title><style>${style}</style><h1>${escape(title)}</h1>${body}</html>`;
}

function wordsOf(scope: string): string {
  return scope.endsWith('/drive.file') ? 'See, edit, create, and delete only the specific Google Drive files you use with this app' : scope;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
