import type { PdfDocument, PdfNode } from '../document-writers.ts';
import { loadDocumentWriters } from '../load-document-writers.ts';
import { fontLetters, printable, type Letters } from './font-letters.ts';
import type { Block, Cell, Fact, Form, SignatureBox, Tone } from './form.ts';

const marginPt = 36;
const headerTopPt = 22;
const organisationColumnPt = 190;
const factsColumnPt = 190;
const logoPt = 52;
const lineHeight = 1.35; // with what pdfmake adds
const colours: Readonly<Record<Tone, string>> = { good: '#1b5e20', warning: '#7a4a00', bad: '#a01414', weak: '#666666' };
const line = '#333333';
const thinLine = '#999999';
const shade = '#e8edf0';

/**
 * The form as PDF, A4 landscape: the header box and the page number on every page. As PDF/A-2b (ISO 19005-2), made to be kept for years:
 * with its fonts and its colour profile in it. @throws the system's errors
 */
export async function formPdf(form: Form): Promise<Buffer> {
  const [{ writePdf }, letters] = await Promise.all([loadDocumentWriters(), fontLetters()]);
  const document = documentOf(form);
  return writePdf({
    ...document,
    header: (page, pages) => printableNode(document.header(page, pages), letters),
    footer: (page, pages) => printableNode(document.footer(page, pages), letters),
    content: document.content.map((node) => printableNode(node, letters)),
  });
}

function documentOf(form: Form): PdfDocument {
  const headerPt = headerHeightPt(form);
  return {
    version: '1.7',
    subset: 'PDF/A-2b',
    pageSize: 'A4',
    pageOrientation: 'landscape',
    pageMargins: [marginPt, headerTopPt + headerPt + 14, marginPt, 40],
    language: form.language,
    defaultStyle: { font: 'Roboto', fontSize: 8.5, lineHeight: 1.15 },
    info: {
      title: `${form.title} – ${form.subtitle}`,
      // pdfkit writes it into XML as it stands.
      ...(!/[&<>]/.test(form.organisation) && { author: form.organisation }),
      creationDate: new Date(form.madeAtMs),
      producer: 'Cadangan',
      creator: 'Cadangan',
    },
    header: (page, pages) => headerOf(form, headerPt, page, pages),
    footer: (page, pages) => ({
      margin: [marginPt, 10, marginPt, 0],
      fontSize: 7.5,
      color: '#444444',
      columns: [{ text: form.footer }, { text: `${form.pageLabel} ${form.pageText(page, pages)}`, alignment: 'right', width: 120 }],
    }),
    content: contentsOf(form.blocks),
  };
}

/** Company, title, document: the box that every controlled form has at its top. */
function headerOf(form: Form, heightPt: number, page: number, pages: number): PdfNode {
  const facts: Fact[] = [...form.header, [form.pageLabel, form.pageText(page, pages)]];
  const fontSize = organisationSizePt(form);
  const blankPt = Math.max(0, heightPt - linesOf(form.organisation, organisationWidthPt(form), fontSize) * fontSize * lineHeight);
  const name: PdfNode = { text: form.organisation, bold: true, fontSize, margin: [4, Math.min(20, blankPt / 2), 4, 0] };
  const { logo } = form;
  const image = logo && `data:${logo.mediaType};base64,${logo.bytes.toString('base64')}`;
  return {
    margin: [marginPt, headerTopPt, marginPt, 0],
    table: {
      widths: [organisationColumnPt, '*', factsColumnPt],
      heights: [heightPt - 8],
      body: [
        [
          image === undefined ? name : { columns: [{ image, fit: [logoPt, logoPt], width: logoPt + 4, margin: [2, 6, 0, 0] }, name] },
          {
            stack: [
              { text: form.title, bold: true, fontSize: 12.5 },
              { text: form.subtitle, fontSize: 9.5, margin: [0, 3, 0, 0] },
              { text: form.classification, fontSize: 9, margin: [0, 3, 0, 0] },
            ],
            alignment: 'center',
            margin: [0, 7, 0, 0],
          },
          {
            margin: [2, 1, 2, 1],
            layout: 'noBorders',
            table: { widths: ['auto', '*'], body: facts.map(([label, value]) => [{ text: label }, { text: `: ${value}` }]) },
          },
        ],
      ],
    },
    layout: { hLineColor: () => line, vLineColor: () => line, hLineWidth: () => 0.8, vLineWidth: () => 0.8 },
  };
}

/**
 * pdfmake leaves room for the header before it lays it out. So it is estimated, and rather a line too much: what has no
 * room is not printed.
 */
function headerHeightPt(form: Form): number {
  const fontSize = organisationSizePt(form);
  const organisation = linesOf(form.organisation, organisationWidthPt(form), fontSize) * fontSize * lineHeight;
  const facts = form.header.reduce((lines, [, value]) => lines + linesOf(value, factsColumnPt - 80, 8.5), 1) * 13;
  return Math.max(74, facts + 8, organisation + 12, form.logo ? logoPt + 14 : 0);
}

function organisationSizePt({ organisation }: Form): number {
  if (organisation.length <= 40) return 11;
  return organisation.length <= 100 ? 9.5 : 8;
}

function organisationWidthPt({ logo }: Form): number {
  return organisationColumnPt - 16 - (logo ? logoPt + 6 : 0);
}

/** How many lines a text takes at most. */
function linesOf(text: string, widthPt: number, sizePt: number): number {
  const ems = [...text].reduce((sum, letter) => sum + widthEm(letter), 0);
  return Math.max(1, Math.ceil((ems * sizePt * 1.15) / widthPt)); // lines end before their last word
}

/** Letters of Roboto are on average 0.55 of their size wide, capitals and digits up to 0.68, and `[U+4E2D]` stands for what it has not. */
function widthEm(letter: string): number {
  if (letter > '\u024f') return 4.8;
  return /[MW@%]/.test(letter) ? 0.9 : 0.64;
}

/** A heading stands on the page of what it is about: above a table as a row of it, which every page of the table repeats. */
function contentsOf(blocks: readonly Block[]): PdfNode[] {
  const nodes: PdfNode[] = [];
  for (let at = 0; at < blocks.length; at++) {
    const [block, next] = [blocks[at], blocks[at + 1]];
    if (block?.kind !== 'heading' || next === undefined) {
      if (block) nodes.push(contentOf(block));
      continue;
    }
    const isTable = next.kind === 'table' && next.rows.length > 0;
    nodes.push(isTable ? tableOf(next, block.text) : { unbreakable: true, stack: [contentOf(block), contentOf(next)] });
    at += 1;
  }
  return nodes;
}

type TableBlock = Extract<Block, { kind: 'table' }>;

function contentOf(block: Block): PdfNode {
  switch (block.kind) {
    case 'heading':
      return headingOf(block.text);
    case 'text':
      return { text: block.text };
    case 'together':
      return { unbreakable: true, stack: contentsOf(block.blocks) };
    case 'facts':
      return {
        layout: 'noBorders',
        table: {
          widths: ['auto', '*'],
          body: block.facts.map(([label, value]) => [{ text: label, color: '#444444' }, { text: value }]),
        },
      };
    case 'table':
      return block.rows.length === 0 ? { text: block.empty } : tableOf(block);
    case 'signatures':
      return { margin: [0, 16, 0, 0], unbreakable: true, columnGap: 0, columns: block.boxes.map((box) => signatureBox(box, block.labels)) };
  }
}

function headingOf(text: string): PdfNode {
  return { text, bold: true, fontSize: 10.5, margin: [0, 10, 0, 4] };
}

function tableOf({ columns, rows }: TableBlock, heading?: string): PdfNode {
  const head =
    heading === undefined
      ? undefined
      : { ...headingOf(heading), margin: [-3, 10, 0, 3], colSpan: columns.length, border: [false, false, false, true] };
  const cellOf = (cell: Cell, at: number): PdfNode => ({
    text: cell.text,
    ...(columns[at]?.width === 'auto' && { noWrap: true }),
    alignment: columns[at]?.align ?? 'left',
    fontSize: cell.isCode ? 7.5 : 8,
    ...(cell.tone && { color: colours[cell.tone], bold: cell.tone === 'bad' }),
  });
  return {
    margin: [0, head ? 0 : 3, 0, 0],
    table: {
      headerRows: head ? 2 : 1,
      dontBreakRows: true,
      keepWithHeaderRows: 1,
      widths: columns.map(({ width }) => (width === 'rest' ? '*' : width)),
      body: [
        ...(head ? [[head, ...columns.slice(1).map(() => ({}))]] : []),
        columns.map(({ title, align }) => ({ text: title, bold: true, alignment: align ?? 'left', fillColor: shade, fontSize: 8 })),
        ...rows.map((row) => row.map(cellOf)),
      ],
    },
    layout: {
      hLineColor: () => thinLine,
      vLineColor: () => thinLine,
      hLineWidth: (row: number) => (head && row === 0 ? 0 : 0.5),
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
  const row = (label: string, value: string): PdfNode[] => [{ text: label }, { text: value }];
  return {
    width: '*',
    table: {
      widths: [70, '*'],
      heights: (at: number) => (at === 3 ? 46 : 13),
      body: [
        [{ text: title, bold: true, colSpan: 2, alignment: 'center', fillColor: shade }, {}],
        row(labels.name, name),
        row(labels.position, position),
        row(labels.signature, signature),
        row(labels.date, date),
      ],
    },
    layout: { hLineColor: () => line, vLineColor: () => line, hLineWidth: () => 0.7, vLineWidth: () => 0.7 },
  };
}

/** A node whose texts are such as the fonts can show and a line can be broken in. */
function printableNode(node: PdfNode, letters: Letters): PdfNode {
  const of = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(of);
    return isNode(value) ? printableNode(value, letters) : value;
  };
  return Object.fromEntries(
    Object.entries(node).map(([name, value]) => {
      if (name !== 'text' || typeof value !== 'string') return [name, of(value)];
      const text = printable(value, letters);
      return [name, node['noWrap'] === true ? text : breakable(text)];
    }),
  );
}

function isNode(value: unknown): value is PdfNode {
  return typeof value === 'object' && value !== null && !(value instanceof Date);
}

/** Long paths and hashes have no blanks: there a break is allowed behind separators, and after so many characters without any. */
function breakable(text: string): string {
  return text.replaceAll(/\S{25,}/g, (word) =>
    word.replaceAll(/[/\\_.,;:=&\]-]/g, (sign) => `${sign}\u200b`).replaceAll(/[^\u200b]{8}(?=[^\u200b])/g, (part) => `${part}\u200b`),
  );
}
