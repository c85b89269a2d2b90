import { ZipArchive } from 'archiver';
import pdfmake from 'pdfmake';
import { assetPath, throwIfAborted } from '../platform/index.ts';

/*
 * What writes PDF and ZIP. It brings one and a half megabytes of program along, which cost every start of the command line a tenth of a
 * second, so it is a bundle of its own, loaded by `loadDocumentWriters` when it is needed.
 */

/** pdfmake's document: plain data, whose words are in its documentation. */
export type PdfNode = Readonly<Record<string, unknown>>;

export interface PdfDocument extends PdfNode {
  readonly header: (page: number, pages: number) => PdfNode;
  readonly footer: (page: number, pages: number) => PdfNode;
  readonly content: readonly PdfNode[];
}

/** Nothing is loaded but our own fonts. */
export function writePdf(document: PdfDocument): Promise<Buffer> {
  const font = (name: string) => assetPath(`fonts/Roboto-${name}.ttf`);
  pdfmake.setFonts({
    Roboto: { normal: font('Regular'), bold: font('Medium'), italics: font('Italic'), bolditalics: font('MediumItalic') },
  });
  pdfmake.setUrlAccessPolicy(() => false);
  pdfmake.setLocalAccessPolicy((path) => path.startsWith(assetPath('fonts')));
  return pdfmake.createPdf(document).getBuffer();
}

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Buffer;
}

/** @param madeAtMs the time that entries carry. @throws `aborted` */
export async function writeZip(entries: readonly ZipEntry[], madeAtMs: number, signal: AbortSignal | undefined): Promise<Buffer> {
  const archive = new ZipArchive({ zlib: { level: 9 } });
  archive.on('warning', (warning: Error) => archive.destroy(warning));
  for (const { name, bytes } of entries) archive.append(bytes, { name, date: new Date(madeAtMs), mode: 0o644 });
  const packing = archive.finalize();
  packing.catch(() => undefined); // what it met ends the reading, too
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) {
    throwIfAborted(signal);
    chunks.push(chunk);
  }
  await packing;
  return Buffer.concat(chunks);
}
