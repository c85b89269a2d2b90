/** What a person does on the consent page. */
export interface Consent {
  readonly account: string;
  /** Scopes whose box is un-ticked. */
  readonly without?: readonly string[];
  readonly denies?: boolean;
}

/**
 * Opens the address that a program wants opened, answers the form as a browser would, and goes where it is sent, to the program's own
 * loopback address. Returns the last page. @throws when Google's page itself refuses
 */
export async function consentInBrowser(url: string, { account, without = [], denies = false }: Consent): Promise<string> {
  const page = await fetch(url);
  const text = await page.text();
  if (!page.ok) throw new Error(`the consent page says: ${text.replace(/<[^>]*>/g, ' ').trim()}`);
  const form = new URLSearchParams();
  for (const [, name = '', value = ''] of text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g))
    form.append(unescape(name), unescape(value));
  for (const [, value = ''] of text.matchAll(/<input type="checkbox" name="granted" value="([^"]*)"/g))
    if (!without.includes(unescape(value))) form.append('granted', unescape(value));
  form.set('account', account);
  form.set('answer', denies ? 'deny' : 'allow');
  const answer = await fetch(new URL('/o/oauth2/v2/consent', url), { method: 'POST', body: form, redirect: 'manual' });
  const location = answer.headers.get('location');
  if (location === null) throw new Error(`the consent page says: ${(await answer.text()).replace(/<[^>]*>/g, ' ').trim()}`);
  const last = await fetch(location);
  return last.text();
}

/** Types the code of a device on the page for it. @throws when the code does not work */
export async function typeDeviceCode(
  verificationUrl: string,
  userCode: string,
  { account, denies = false }: Omit<Consent, 'without'>,
): Promise<void> {
  const form = new URLSearchParams({ user_code: userCode, account, answer: denies ? 'deny' : 'allow' });
  const answer = await fetch(verificationUrl, { method: 'POST', body: form });
  if (!answer.ok) throw new Error(`the page says: ${(await answer.text()).replace(/<[^>]*>/g, ' ').trim()}`);
}

function unescape(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}
