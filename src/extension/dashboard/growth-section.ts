import UPlot from 'uplot';
import { element } from './dom.ts';
import type { Action, DashboardPage, Growth } from './page.ts';
import { tableElement } from './table-element.ts';

const chartHeightPx = 220;
const dashes: readonly (readonly number[])[] = [[], [6, 4]];

/** The chart with its table. Ends what it has begun when `signal` is aborted. */
export function growthSection(
  { growth, locale, timeZone }: DashboardPage,
  act: (action: Action) => void,
  signal: AbortSignal,
): HTMLElement {
  const section = element('section', { 'aria-labelledby': 'growth-title' }, element('h2', { id: 'growth-title' }, growth.title));
  if (growth.times.length === 0) {
    section.append(element('p', { class: 'empty' }, growth.empty));
    return section;
  }
  const [data, repository] = growth.series;
  const said = element('p', { class: 'point', 'aria-hidden': 'true' }, growth.points.at(-1)?.text ?? '');
  const holder = element('div', { class: 'chart', role: 'img', 'aria-label': growth.label });
  section.append(
    element(
      'ul',
      { class: 'legend' },
      element('li', {}, element('span', { class: 'line data' }), data),
      element('li', {}, element('span', { class: 'line repository' }), repository),
    ),
    holder,
    said,
    element('details', { open: false }, element('summary', {}, growth.tableTitle), tableElement(growth.table, 'growth-title', act)),
  );
  const redraw = (): void => drawChart(holder, said, growth, { locale, timeZone, act });
  const sizes = new ResizeObserver(redraw);
  sizes.observe(holder);
  // Another theme has other colours, and a canvas does not notice.
  const themes = new MutationObserver(redraw);
  themes.observe(document.body, { attributes: true, attributeFilter: ['class'] });
  signal.addEventListener('abort', () => {
    sizes.disconnect();
    themes.disconnect();
  });
  return section;
}

interface ChartWorld {
  readonly locale: string;
  readonly timeZone: string;
  readonly act: (action: Action) => void;
}

function drawChart(holder: HTMLElement, said: HTMLElement, growth: Growth, { locale, timeZone, act }: ChartWorld): void {
  const width = Math.floor(holder.clientWidth);
  if (width === 0) return;
  holder.replaceChildren();
  const color = (name: string): string => getComputedStyle(document.body).getPropertyValue(name).trim();
  const text = color('--chart-text');
  const axis: UPlot.Axis = {
    stroke: text,
    grid: { stroke: color('--chart-grid'), width: 1 },
    ticks: { stroke: color('--chart-grid'), width: 1 },
    font: `12px ${color('--vscode-font-family')}`,
  };
  const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const dates = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone });
  const lines = (['--chart-data', '--chart-repository'] as const).map((name, at): UPlot.Series => ({
    stroke: color(name),
    width: 2,
    dash: [...(dashes[at] ?? [])],
    points: { show: growth.times.length < 2 },
  }));
  const chart = new UPlot(
    {
      width,
      height: chartHeightPx,
      legend: { show: false },
      tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), timeZone),
      scales: { y: { range: (_chart, _low, high) => [0, high * 1.1 || 1] } },
      cursor: { drag: { x: false, y: false } },
      axes: [
        { ...axis, space: 70, values: (_chart, splits) => splits.map((seconds) => dates.format(seconds * 1000)) },
        { ...axis, size: 70, values: (_chart, splits) => splits.map((value) => `${numbers.format(value)} ${growth.unit}`) },
      ],
      series: [{}, ...lines],
      hooks: { setCursor: [({ cursor }) => (said.textContent = growth.points[cursor.idx ?? growth.points.length - 1]?.text ?? '')] },
    },
    [[...growth.times], growth.data.map((bytes) => bytes / growth.unitBytes), growth.repository.map((bytes) => bytes / growth.unitBytes)],
    holder,
  );
  chart.over.addEventListener('click', () => {
    const action = growth.points[chart.cursor.idx ?? -1]?.action;
    if (action !== undefined) act(action);
  });
}
