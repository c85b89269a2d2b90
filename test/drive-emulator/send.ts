import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Answer } from './answer.ts';
import { ConnectionLost, loseConnection } from './body.ts';
import type { Call, Services } from './services.ts';
import { faultOf } from './services.ts';

/** Sends, with what can happen on the way. @throws ConnectionLost */
export async function send(services: Services, call: Call, response: ServerResponse, answer: Answer): Promise<void> {
  const { body } = answer;
  response.statusCode = answer.status;
  response.setHeader('Date', new Date(services.store.nowMs()).toUTCString());
  response.setHeader('Server', 'ESF');
  if (!response.hasHeader('X-GUploader-UploadID') && call.url.pathname.startsWith('/upload/'))
    response.setHeader('X-GUploader-UploadID', services.ids.text(40));
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  if (body === undefined || typeof body === 'string') return sendText(call.request, response, body ?? '');
  response.setHeader('Content-Length', body.lengthBytes);
  await sendBytes(services, call, response, body.bytes, body.lengthBytes);
}

function sendText(request: IncomingMessage, response: ServerResponse, text: string): void {
  const bytes = Buffer.from(text);
  const isSmall = bytes.length === 0 || response.statusCode === 204 || response.statusCode === 308;
  const isZipped = !isSmall && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const sent = isZipped ? gzipSync(bytes) : bytes;
  if (isZipped) response.setHeader('Content-Encoding', 'gzip');
  if (response.statusCode !== 204) response.setHeader('Content-Length', sent.length);
  response.end(sent);
}

async function sendBytes(
  services: Services,
  call: Call,
  response: ServerResponse,
  bytes: AsyncIterable<Uint8Array>,
  lengthBytes: number,
): Promise<void> {
  const end = faultOf(call, 'drop') ?? faultOf(call, 'hang');
  const isTruncated = faultOf(call, 'truncated') !== undefined;
  const drip = faultOf(call, 'drip');
  let leftBytes = isTruncated ? Math.floor(lengthBytes / 2) : (end?.afterBytes ?? Infinity);
  response.flushHeaders();
  for await (const piece of bytes) {
    const passed = piece.subarray(0, leftBytes);
    leftBytes -= passed.length;
    call.entry.sentBytes += passed.length;
    if (drip !== undefined) await services.clock.sleep((passed.length / drip.bytesPerSecond) * 1_000);
    await write(response, passed);
    if (passed.length < piece.length || leftBytes === 0) break;
  }
  if (isTruncated) return void response.socket?.end(); // a polite good-bye in the middle
  if (leftBytes <= 0) await loseConnection(call, end?.fault);
  response.end();
}

/** At the caller's pace: what he does not take is not read either. */
async function write(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  if (response.destroyed) throw new ConnectionLost('the caller went away');
  if (response.write(bytes)) return;
  await new Promise<void>((resolve, reject) => {
    const done = (): void => {
      response.off('close', gone);
      resolve();
    };
    const gone = (): void => {
      response.off('drain', done);
      reject(new ConnectionLost('the caller went away'));
    };
    response.once('drain', done).once('close', gone);
  });
}
