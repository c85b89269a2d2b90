/** An element of an answer: its name without a namespace, the text in it, and the elements in it. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

// What S3 answers has four levels; deeper is none of it.
const depthMax = 16;

/**
 * Reads the little of XML that S3 answers in: elements, text, the five entities and characters by number. Attributes (namespaces) are
 * passed over. Document types, entities of their own, comments, CDATA and instructions are refused: a parser that knows them can be made
 * to read files and to grow without end, and no answer has them.
 * @returns undefined when the bytes are no such document
 */
export function parseXml(bytes: Uint8Array): XmlElement | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  const reader = new XmlReader(text.replace(/^\ufeff?(?:<\?xml[^<>]*\?>)?\s*/, '').trimEnd());
  return reader.root();
}

/** The first element of that name inside `element`. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

/** The text of that element; undefined where there is none. */
export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  return childOf(element, name)?.text;
}

export function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** Text for an element of a request. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

interface OpenElement {
  readonly tag: string;
  text: string;
  readonly children: XmlElement[];
}

const token = /<(\/?)([A-Za-z_][\w.:-]{0,99})((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*')){0,20})\s*(\/?)>|[^<]+/y;

class XmlReader {
  readonly #text: string;
  readonly #open: OpenElement[] = [];
  #root: XmlElement | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  root(): XmlElement | undefined {
    token.lastIndex = 0;
    while (token.lastIndex < this.#text.length) {
      const found = token.exec(this.#text);
      if (found === null || this.#root !== undefined || !this.#take(found)) return undefined;
    }
    return this.#root;
  }

  /** @returns false for what no document has there */
  #take([whole, slash = '', tag, attributes = '', empty = '']: RegExpExecArray): boolean {
    if (tag === undefined) return this.#takeText(whole);
    if (slash === '') return this.#begin(tag) && (empty === '' || this.#end(tag));
    return attributes === '' && empty === '' && this.#end(tag);
  }

  #takeText(raw: string): boolean {
    const top = this.#open.at(-1);
    const text = decodeText(raw);
    if (top === undefined || text === undefined) return false;
    top.text += text;
    return true;
  }

  #begin(tag: string): boolean {
    return this.#open.push({ tag, text: '', children: [] }) <= depthMax;
  }

  #end(tag: string): boolean {
    const ended = this.#open.pop();
    if (ended?.tag !== tag) return false;
    const element: XmlElement = { name: tag.slice(tag.indexOf(':') + 1), text: ended.text, children: ended.children };
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = element;
    else parent.children.push(element);
    return true;
  }
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeText(raw: string): string | undefined {
  if (!raw.includes('&')) return raw;
  let isSound = true;
  const text = raw.replace(/&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|([a-z]{2,4}));|&/g, (_, decimal?: string, hex?: string, name?: string) => {
    const point = decimal !== undefined ? Number(decimal) : hex !== undefined ? parseInt(hex, 16) : undefined;
    const character = point === undefined ? entities[name ?? ''] : point <= 0x10ffff ? String.fromCodePoint(point) : undefined;
    isSound &&= character !== undefined;
    return character ?? '';
  });
  return isSound ? text : undefined;
}
