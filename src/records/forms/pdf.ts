import type { PdfDocument, PdfNode } from '../document-writers.ts';
import { loadDocumentWriters } from '../load-document-writers.ts';
import type { Block, Cell, Fact, Form, SignatureBox, Tone } from './form.ts';

const marginPt = 36;
const headerPt = 104;
const colours: Readonly<Record<Tone, string>> = { good: '#1b5e20', warning: '#7a4a00', bad: '#a01414', weak: '#666666' };
const line = '#333333';
const thinLine = '#999999';
const shade = '#e8edf0';

/** The form as PDF, A4 landscape: the header box and the page number on every page. */
export async function formPdf(form: Form): Promise<Buffer> {
  const { writePdf } = await loadDocumentWriters();
  return writePdf(documentOf(form));
}

function documentOf(form: Form): PdfDocument {
  return {
    pageSize: 'A4',
    pageOrientation: 'landscape',
    pageMargins: [marginPt, headerPt, marginPt, 40],
    language: form.language,
    defaultStyle: { font: 'Roboto', fontSize: 8.5, lineHeight: 1.15 },
    info: {
      title: `${form.title} – ${form.subtitle}`,
      author: form.organisation,
      creationDate: new Date(form.madeAtMs),
      modDate: new Date(form.madeAtMs),
      producer: 'Cadangan',
      creator: 'Cadangan',
    },
    header: (page, pages) => headerOf(form, page, pages),
    footer: (page, pages) => ({
      margin: [marginPt, 10, marginPt, 0],
      fontSize: 7.5,
      color: '#444444',
      columns: [{ text: shown(form.footer) }, { text: `${form.pageLabel} ${form.pageText(page, pages)}`, alignment: 'right', width: 120 }],
    }),
    content: form.blocks.map(contentOf),
  };
}

/** Company, title, document: the box that every controlled form has at its top. */
function headerOf(form: Form, page: number, pages: number): PdfNode {
  const facts: Fact[] = [...form.header, [form.pageLabel, form.pageText(page, pages)]];
  return {
    margin: [marginPt, 22, marginPt, 0],
    table: {
      widths: ['*', 380, 190],
      body: [
        [
          { text: shown(form.organisation), bold: true, fontSize: 11, margin: [4, 20, 4, 0] },
          {
            stack: [
              { text: shown(form.title), bold: true, fontSize: 14 },
              { text: shown(form.subtitle), fontSize: 9.5, margin: [0, 4, 0, 0] },
            ],
            alignment: 'center',
            margin: [0, 12, 0, 0],
          },
          {
            margin: [2, 1, 2, 1],
            layout: 'noBorders',
            table: { widths: ['auto', '*'], body: facts.map(([label, value]) => [{ text: shown(label) }, { text: `: ${shown(value)}` }]) },
          },
        ],
      ],
    },
    layout: { hLineColor: () => line, vLineColor: () => line, hLineWidth: () => 0.8, vLineWidth: () => 0.8 },
  };
}

function contentOf(block: Block): PdfNode {
  switch (block.kind) {
    case 'heading':
      return { text: shown(block.text), bold: true, fontSize: 10.5, margin: [0, 10, 0, 4], headlineLevel: 1 };
    case 'text':
      return { text: shown(block.text) };
    case 'together':
      return { unbreakable: true, stack: block.blocks.map(contentOf) };
    case 'facts':
      return {
        layout: 'noBorders',
        table: {
          widths: ['auto', '*'],
          body: block.facts.map(([label, value]) => [{ text: shown(label), color: '#444444' }, { text: breakable(value) }]),
        },
      };
    case 'table':
      return block.rows.length === 0 ? { text: shown(block.empty) } : tableOf(block);
    case 'signatures':
      return { margin: [0, 16, 0, 0], unbreakable: true, columnGap: 0, columns: block.boxes.map((box) => signatureBox(box, block.labels)) };
  }
}

function tableOf({ columns, rows }: Extract<Block, { kind: 'table' }>): PdfNode {
  const cellOf = (cell: Cell, at: number): PdfNode => ({
    ...(columns[at]?.width === 'auto' ? { text: shown(cell.text), noWrap: true } : { text: breakable(cell.text) }),
    alignment: columns[at]?.align ?? 'left',
    fontSize: cell.isCode ? 7.5 : 8,
    ...(cell.tone && { color: colours[cell.tone], bold: cell.tone === 'bad' }),
  });
  return {
    margin: [0, 3, 0, 0],
    table: {
      headerRows: 1,
      dontBreakRows: true,
      keepWithHeaderRows: 1,
      widths: columns.map(({ width }) => (width === 'rest' ? '*' : width)),
      body: [
        columns.map(({ title, align }) => ({ text: shown(title), bold: true, alignment: align ?? 'left', fillColor: shade, fontSize: 8 })),
        ...rows.map((row) => row.map(cellOf)),
      ],
    },
    layout: {
      hLineColor: () => thinLine,
      vLineColor: () => thinLine,
      hLineWidth: () => 0.5,
      vLineWidth: () => 0.5,
      paddingTop: () => 1.5,
      paddingBottom: () => 1.5,
      paddingLeft: () => 3,
      paddingRight: () => 3,
    },
  };
}

function signatureBox(
  { title, name, position, signature, date }: SignatureBox,
  labels: { readonly name: string; readonly position: string; readonly signature: string; readonly date: string },
): PdfNode {
  const row = (label: string, value: string): PdfNode[] => [{ text: shown(label) }, { text: shown(value) }];
  return {
    width: '*',
    table: {
      widths: [70, '*'],
      heights: (at: number) => (at === 3 ? 46 : 13),
      body: [
        [{ text: shown(title), bold: true, colSpan: 2, alignment: 'center', fillColor: shade }, {}],
        row(labels.name, name),
        row(labels.position, position),
        row(labels.signature, signature),
        row(labels.date, date),
      ],
    },
    layout: { hLineColor: () => line, vLineColor: () => line, hLineWidth: () => 0.7, vLineWidth: () => 0.7 },
  };
}

/** Control characters and marks that turn the reading direction round would make a name look like another one. */
function shown(text: string): string {
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** Long paths and hashes have no blanks: there a break is allowed behind separators, and after so many characters without any. */
function breakable(text: string): string {
  return shown(text).replaceAll(/\S{25,}/g, (word) =>
    word.replaceAll(/[/\\_.,;:=&-]/g, (sign) => `${sign}\u200b`).replaceAll(/[^\u200b]{24}(?=[^\u200b])/g, (part) => `${part}\u200b`),
  );
}
