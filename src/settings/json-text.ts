/** How a text is laid out. */
export interface Layout {
  /** One step of indentation. */
  readonly indent: string;
  readonly lineEnd: string;
}

/** The layout of `text`: its first indented line and its first line end; two spaces and LF when it has none. */
export function layoutOf(text: string): Layout {
  const indent = /(?:^|[\r\n])([ \t]+)["[{]/.exec(text)?.[1] ?? '  ';
  return { indent: indent.startsWith('\t') ? '\t' : indent, lineEnd: /\r\n|\n|\r/.exec(text)?.[0] ?? '\n' };
}

/** `value` as JSON, its further lines indented by `base`. A list of plain values stays in one line where it is short. */
export function formatJson(value: unknown, layout: Layout, base = ''): string {
  const [open, close, items] = partsOf(value, layout, base + layout.indent);
  if (items === undefined) return JSON.stringify(value);
  if (items.length === 0) return `${open}${close}`;
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null)) {
    const line = `[${items.join(', ')}]`;
    if (line.length <= lineCharsMax) return line;
  }
  const { indent, lineEnd } = layout;
  return `${open}${lineEnd}${items.map((item) => `${base}${indent}${item}`).join(`,${lineEnd}`)}${lineEnd}${base}${close}`;
}

const lineCharsMax = 80;

function partsOf(value: unknown, layout: Layout, base: string): [open: string, close: string, items: string[] | undefined] {
  if (Array.isArray(value)) return ['[', ']', value.map((item) => formatJson(item, layout, base))];
  if (typeof value !== 'object' || value === null) return ['', '', undefined];
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return ['{', '}', entries.map(([key, item]) => `${JSON.stringify(key)}: ${formatJson(item, layout, base)}`)];
}
