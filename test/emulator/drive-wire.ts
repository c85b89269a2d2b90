import { wire, type Json, type WireAnswer, type WireRequest } from './wire.ts';

/** Drive by hand: paths of the API under one token. */
export class DriveWire {
  readonly #base: string;
  readonly token: string;

  /** `base` is Google's, or the emulator's. */
  constructor(base: string, token: string) {
    this.#base = base;
    this.token = token;
  }

  call(path: string, { headers, ...rest }: WireRequest = {}): Promise<WireAnswer> {
    return wire(path.startsWith('http') ? path : `${this.#base}${path}`, {
      headers: { Authorization: `Bearer ${this.token}`, ...headers },
      ...rest,
    });
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<WireAnswer> {
    return this.call(`/drive/v3${path}`, { headers });
  }

  post(path: string, body: unknown, method = 'POST'): Promise<WireAnswer> {
    return this.call(`/drive/v3${path}`, { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
  }

  patch(path: string, body: unknown): Promise<WireAnswer> {
    return this.post(path, body, 'PATCH');
  }

  remove(path: string): Promise<WireAnswer> {
    return this.call(`/drive/v3${path}`, { method: 'DELETE' });
  }

  list(query: string, more = ''): Promise<WireAnswer> {
    return this.get(`/files?q=${encodeURIComponent(query)}${more}`);
  }

  /** The address for the bytes; the whole answer when there is none. */
  async open(
    metadata: unknown,
    {
      fields = 'id,name,size,md5Checksum,sha256Checksum,headRevisionId',
      target = '',
      headers = {},
    }: { readonly fields?: string; readonly target?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<WireAnswer> {
    return this.call(
      `/upload/drive/v3/files${target === '' ? '' : `/${target}`}?uploadType=resumable&supportsAllDrives=true&fields=${fields}`,
      {
        method: target === '' ? 'POST' : 'PATCH',
        body: JSON.stringify(metadata),
        headers: { 'Content-Type': 'application/json; charset=UTF-8', ...headers },
      },
    );
  }

  /** A piece, without a token: the address is enough. */
  put(session: string, bytes: Uint8Array, range?: string): Promise<WireAnswer> {
    return wire(session, { method: 'PUT', body: bytes, headers: range === undefined ? {} : { 'Content-Range': range } });
  }

  /** A file in one go. */
  async upload(metadata: unknown, bytes: Uint8Array): Promise<Json> {
    const opened = await this.open(metadata);
    if (opened.status !== 200) throw new Error(`opening an upload: ${opened.status} ${opened.text}`);
    const answer = await this.put(String(opened.headers.location), bytes);
    if (answer.status !== 200) throw new Error(`uploading: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  multipart(metadata: unknown, bytes: Uint8Array, fields = 'id,size,md5Checksum,sha256Checksum'): Promise<WireAnswer> {
    const mark = 'a-mark-that-is-in-no-body';
    const body = Buffer.concat([
      Buffer.from(
        `--${mark}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n${JSON.stringify(metadata)}\r\n--${mark}\r\nContent-Type: application/octet-stream\r\n\r\n`,
      ),
      bytes,
      Buffer.from(`\r\n--${mark}--\r\n`),
    ]);
    return this.call(`/upload/drive/v3/files?uploadType=multipart&fields=${fields}`, {
      method: 'POST',
      body,
      headers: { 'Content-Type': `multipart/related; boundary=${mark}` },
    });
  }
}
