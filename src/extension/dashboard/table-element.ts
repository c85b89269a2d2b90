import { element, linkElement, markElement } from './dom.ts';
import type { Action, Cell, Table } from './page.ts';

/** A table; the first cell of a row names it. @param labelledBy the id of its title */
export function tableElement({ columns, rows, empty }: Table, labelledBy: string, act: (action: Action) => void): HTMLElement {
  if (rows.length === 0) return element('p', { class: 'empty' }, empty);
  return element(
    'div',
    { class: 'table-scroll' },
    element(
      'table',
      { 'aria-labelledby': labelledBy },
      element('thead', {}, element('tr', {}, ...columns.map((column) => element('th', { scope: 'col' }, column)))),
      element(
        'tbody',
        {},
        ...rows.map((row) =>
          element(
            'tr',
            {},
            ...row.map((cell, index) => element(index === 0 ? 'th' : 'td', index === 0 ? { scope: 'row' } : {}, ...contentOf(cell, act))),
          ),
        ),
      ),
    ),
  );
}

function contentOf(cell: Cell, act: (action: Action) => void): Node[] {
  const { mark, markText = '' } = cell;
  const said = markText === '' ? [] : [element('span', { class: 'hidden' }, ` (${markText})`)];
  return mark === undefined
    ? [linkElement(cell, act)]
    : [element('span', { class: 'marked' }, markElement(mark), linkElement(cell, act), ...said)];
}
