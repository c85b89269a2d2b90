import type { Action, Link, Mark } from './page.ts';

/** What an element carries beside its text. */
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element with attributes and children. Texts are text, never markup. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : String(value));
  made.append(...children);
  return made;
}

const svgNamespace = 'http://www.w3.org/2000/svg';

/** One shape for each result, so that nobody has to tell colours apart. In a square of 16. */
const shapes: Readonly<Record<Mark, string>> = {
  success: 'M3.5 8.5l3 3 6-7',
  'success-with-exceptions': 'M8 3v6.5M8 12v1',
  failed: 'M4 4l8 8M12 4l-8 8',
  stopped: 'M4.5 4.5h7v7h-7z',
  missed: 'M8 3.8a4.2 4.2 0 1 0 .01 0z',
};

/** Drawn, since no font has all of them. Says nothing: the text beside it does. */
export function markShape(mark: Mark): SVGElement {
  const svg = document.createElementNS(svgNamespace, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', 'shape');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(svgNamespace, 'path');
  path.setAttribute('d', shapes[mark]);
  svg.append(path);
  return svg;
}

/** A shape with its colour. */
export function markElement(mark: Mark): HTMLElement {
  return element('span', { class: 'mark', 'data-mark': mark }, markShape(mark));
}

/** A text, as a link where it leads somewhere. */
export function linkElement({ text, action }: Link, act: (action: Action) => void): HTMLElement {
  if (action === undefined) return element('span', {}, text);
  const link = element('button', { class: 'link', type: 'button', 'data-action': JSON.stringify(action) }, text);
  link.addEventListener('click', () => act(action));
  return link;
}
