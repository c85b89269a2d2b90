// The dashboard's own page: draws what the extension sends, and tells what was clicked. Runs in the webview, without any rights.
import '@vscode-elements/elements/dist/vscode-badge/index.js';
import '@vscode-elements/elements/dist/vscode-option/index.js';
import '@vscode-elements/elements/dist/vscode-progress-ring/index.js';
import '@vscode-elements/elements/dist/vscode-single-select/index.js';
import 'uplot/dist/uPlot.min.css';
import './dashboard.css';
import { calendarSection } from './calendar-section.ts';
import { element, linkElement, markElement } from './dom.ts';
import { growthSection } from './growth-section.ts';
import type { Action, DashboardMessage, DashboardPage, PageMessage, Tile } from './page.ts';
import { tableElement } from './table-element.ts';

/** What outlives the page when its tab is hidden. */
interface Memory {
  readonly year?: number;
  readonly day?: string;
}

interface Host {
  postMessage(message: PageMessage): void;
  getState(): Memory | undefined;
  setState(memory: Memory): void;
}

declare function acquireVsCodeApi(): Host;

const host = acquireVsCodeApi();
const act = (action: Action): void => host.postMessage(action);
const remember = (memory: Memory): void => host.setState({ ...host.getState(), ...memory });
let drawn = new AbortController();

window.addEventListener('message', ({ data }: MessageEvent<DashboardMessage>) => {
  // Only the extension can send messages to the page of its own webview.
  if (data.kind === 'page') draw(data.page);
  else if (data.kind === 'error') root().replaceChildren(element('p', { role: 'alert' }, data.text));
});
host.postMessage({ kind: 'ready', ...yearOf(host.getState()) });

/** Draws all but the choice of a year anew; what had the focus has it again. */
function draw(page: DashboardPage): void {
  drawn.abort();
  drawn = new AbortController();
  const focused = focusedPath();
  const openDetails = root().querySelector('details')?.open ?? false;
  document.title = page.title;
  drawHeader(page);
  for (const section of root().querySelectorAll(':scope > :not(header)')) section.remove();
  root().append(
    element('section', { class: 'tiles', 'aria-label': page.title }, ...page.tiles.map(tileElement)),
    calendarSection(page.calendar, { act, chosen: host.getState()?.day, onChoose: (day) => remember({ day }) }),
    titled('sets', page.sets.title, tableElement(page.sets, 'sets-title', act)),
    growthSection(page, act, drawn.signal),
    titled('nonconformities', page.nonconformities.title, tableElement(page.nonconformities, 'nonconformities-title', act)),
  );
  const details = root().querySelector('details');
  if (details !== null) details.open = openDetails;
  const wanted = focused === undefined ? null : root().querySelector<HTMLElement>(focused);
  if (wanted !== document.activeElement) wanted?.focus();
  remember({ year: page.year });
}

/** News may come while somebody chooses a year: the choice stays where it is, open as it was, as long as it offers the same years. */
function drawHeader(page: DashboardPage): void {
  const offer = JSON.stringify([page.title, page.yearLabel, page.years]);
  const kept = root().querySelector('header');
  if (kept !== null && kept.dataset.offer === offer) {
    kept.querySelector('.subtitle')?.replaceChildren(page.subtitle);
    return;
  }
  const subtitle = element('p', { class: 'subtitle' }, page.subtitle);
  const header = element('header', { 'data-offer': offer }, element('div', {}, element('h1', {}, page.title), subtitle), yearChoice(page));
  root().replaceChildren(header);
}

function yearChoice({ year, years, yearLabel }: DashboardPage): HTMLElement {
  const select = element(
    'vscode-single-select',
    { id: 'year', label: yearLabel },
    ...years.map((one) => element('vscode-option', { value: one, selected: one === year }, String(one))),
  );
  select.addEventListener('change', () => host.postMessage({ kind: 'year', year: Number(select.value) }));
  return element('div', { class: 'year' }, element('label', { for: 'year' }, yearLabel), select);
}

function tileElement({ id, title, mark, value, details }: Tile): HTMLElement {
  return element(
    'article',
    { class: 'tile', id: `tile-${id}`, 'aria-labelledby': `tile-${id}-title` },
    element('h2', { id: `tile-${id}-title` }, title),
    element('p', { class: 'value' }, ...(mark === undefined ? [] : [markElement(mark)]), linkElement(value, act)),
    ...details.map((detail) => element('p', { class: 'detail' }, linkElement(detail, act))),
  );
}

function titled(id: string, title: string, ...content: readonly Node[]): HTMLElement {
  return element('section', { id, 'aria-labelledby': `${id}-title` }, element('h2', { id: `${id}-title` }, title), ...content);
}

/** A selector of what has the focus, as far as it can be found again. */
function focusedPath(): string | undefined {
  const { activeElement } = document;
  if (!(activeElement instanceof HTMLElement)) return undefined;
  const { date, action, legend } = activeElement.dataset;
  if (date !== undefined) return `[data-date="${date}"]`;
  if (legend !== undefined) return `[data-legend="${legend}"]`;
  if (action !== undefined) return `[data-action='${action}']`;
  return activeElement.id === '' ? undefined : `#${activeElement.id}`;
}

function root(): HTMLElement {
  return document.getElementById('dashboard') ?? document.body;
}

function yearOf(memory: Memory | undefined): Memory {
  return memory?.year === undefined ? {} : { year: memory.year };
}
