/** What a handler answers. Bytes of files are a stream with a length told beforehand. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | { readonly bytes: AsyncIterable<Uint8Array>; readonly lengthBytes: number };
}

export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: {
      'Content-Type': 'application/json; charset=UTF-8',
      'Cache-Control': 'no-cache, no-store, max-age=0, must-revalidate',
      ...headers,
    },
    body: `${JSON.stringify(value, null, 2)}\n`,
  };
}

export function html(text: string, status = 200): Answer {
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: text };
}

export function empty(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers, body: '' };
}

export function redirect(location: string): Answer {
  return { status: 302, headers: { Location: location }, body: '' };
}
