import { open, systemCode } from '../platform/index.ts';
import type { FormLogo } from '../records/index.ts';

const logoBytesMax = 1024 * 1024;

/**
 * The mark of the organisation, as the configuration names its file. One that is not there, or no whole PNG or JPEG of up to 1 MiB,
 * stops no form, which is written beside every copy: the form says that it lacks it.
 */
export async function readLogo(path: string | undefined): Promise<FormLogo | undefined> {
  if (path === undefined) return undefined;
  try {
    const handle = await open(path);
    await using _closing = { [Symbol.asyncDispose]: () => handle.close() };
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(logoBytesMax + 1), position: 0 });
    const bytes = buffer.subarray(0, bytesRead);
    const mediaType = bytesRead > logoBytesMax ? undefined : mediaTypeOf(bytes);
    return mediaType === undefined ? { unusable: path } : { mediaType, bytes };
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return { unusable: path };
  }
}

/** By the first and last bytes: of PNG (RFC 2083, 3.1; the chunk IEND) and of JPEG (SOI, EOI). One that was cut short is none. */
function mediaTypeOf(bytes: Buffer): 'image/png' | 'image/jpeg' | undefined {
  const [first, last] = [bytes.subarray(0, 8).toString('hex'), bytes.subarray(-8).toString('hex')];
  if (first === '89504e470d0a1a0a' && last === '49454e44ae426082') return 'image/png';
  return first.startsWith('ffd8ff') && last.endsWith('ffd9') ? 'image/jpeg' : undefined;
}
