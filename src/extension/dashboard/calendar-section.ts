import { element, linkElement, markElement, markShape } from './dom.ts';
import type { Action, Calendar, CalendarDay, Mark } from './page.ts';

interface CalendarOptions {
  readonly act: (action: Action) => void;
  /** The night that was chosen before. */
  readonly chosen: string | undefined;
  readonly onChoose: (date: string) => void;
}

/** The year as a grid: a column a week, a row a day of the week. One day is in the order of Tab; arrows go to the others. */
export function calendarSection(calendar: Calendar, options: CalendarOptions): HTMLElement {
  return new CalendarGrid(calendar, options).section;
}

class CalendarGrid {
  readonly section: HTMLElement;
  readonly #options: CalendarOptions;
  readonly #days: readonly CalendarDay[];
  readonly #cells: readonly HTMLElement[];
  readonly #details = element('div', { class: 'details', 'aria-live': 'polite' });
  #current: number;

  constructor(calendar: Calendar, options: CalendarOptions) {
    this.#options = options;
    this.#days = calendar.days;
    this.#cells = calendar.days.map((day, index) => this.#cell(day, index));
    const chosen = calendar.days.findIndex(({ date }) => date === options.chosen);
    this.#current =
      chosen >= 0
        ? chosen
        : Math.max(
            0,
            calendar.days.findLastIndex(({ mark }) => mark !== undefined),
          );
    this.#cells[this.#current]?.setAttribute('tabindex', '0');
    this.section = element(
      'section',
      { 'aria-labelledby': 'calendar-title' },
      element('h2', { id: 'calendar-title' }, calendar.title),
      this.#legend(calendar),
      element('div', { class: 'calendar-scroll' }, this.#grid(calendar)),
      element('p', { class: 'hidden', id: 'calendar-help' }, calendar.help),
      this.#details,
    );
    if (chosen >= 0) this.#choose(chosen);
  }

  #grid({ title, weekdays, months, weeks }: Calendar): HTMLElement {
    const monthNames = months.map(({ text, week }) => {
      const name = element('span', { class: 'month', 'aria-hidden': 'true' }, text);
      name.style.gridColumn = `${week + 2} / span 4`;
      return name;
    });
    const rows = weekdays.map(({ short, long }, weekday) => {
      const name = element('span', { class: 'weekday', role: 'rowheader', 'aria-label': long }, short);
      name.style.gridRow = String(weekday + 2);
      return element(
        'div',
        { role: 'row', class: 'row' },
        name,
        ...this.#cells.filter((_, index) => this.#days[index]?.weekday === weekday),
      );
    });
    const grid = element(
      'div',
      {
        class: 'calendar',
        role: 'grid',
        'aria-label': title,
        'aria-describedby': 'calendar-help',
        'aria-rowcount': 7,
        'aria-colcount': weeks,
      },
      ...monthNames,
      ...rows,
    );
    grid.style.setProperty('--weeks', String(weeks));
    grid.addEventListener('keydown', (event) => this.#onKey(event));
    return grid;
  }

  #cell({ date, week, weekday, label, mark, isFuture }: CalendarDay, index: number): HTMLElement {
    const cell = element(
      'div',
      {
        class: isFuture ? 'day future' : 'day',
        role: 'gridcell',
        tabindex: -1,
        'aria-label': label,
        'aria-colindex': week + 1,
        title: label,
        'data-date': date,
        'data-mark': mark,
      },
      ...(mark === undefined ? [] : [markShape(mark)]),
    );
    cell.style.gridColumn = String(week + 2);
    cell.style.gridRow = String(weekday + 2);
    cell.addEventListener('click', () => {
      this.#focus(index);
      this.#choose(index);
    });
    return cell;
  }

  #onKey(event: KeyboardEvent): void {
    const target = this.#targetOf(event);
    if (event.key === 'Enter' || event.key === ' ') this.#choose(this.#current);
    else if (target === undefined) return;
    else this.#focus(target);
    event.preventDefault();
  }

  #targetOf({ key, ctrlKey }: KeyboardEvent): number | undefined {
    switch (key) {
      case 'ArrowDown':
        return this.#current + 1;
      case 'ArrowUp':
        return this.#current - 1;
      case 'ArrowRight':
        return this.#current + 7;
      case 'ArrowLeft':
        return this.#current - 7;
      case 'PageDown':
        return this.#monthFrom(1);
      case 'PageUp':
        return this.#monthFrom(-1);
      case 'Home':
        return ctrlKey ? 0 : this.#current - 7 * (this.#days[this.#current]?.week ?? 0);
      case 'End':
        return ctrlKey ? this.#days.length - 1 : this.#days.findLastIndex(({ weekday }) => weekday === this.#days[this.#current]?.weekday);
      default:
        return undefined;
    }
  }

  /** The same day of another month, or its last one. */
  #monthFrom(step: 1 | -1): number | undefined {
    const [, month = '', day = ''] = this.#days[this.#current]?.date.split('-') ?? [];
    const wanted = String(Number(month) + step).padStart(2, '0');
    const index = this.#days.findLastIndex(({ date }) => date.slice(5, 7) === wanted && date.slice(8) <= day);
    return index < 0 ? undefined : index;
  }

  #focus(index: number): void {
    const wanted = Math.min(this.#cells.length - 1, Math.max(0, index));
    this.#cells[this.#current]?.setAttribute('tabindex', '-1');
    this.#current = wanted;
    const cell = this.#cells[wanted];
    cell?.setAttribute('tabindex', '0');
    cell?.focus();
    cell?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  /** Shows what the night rests on. */
  #choose(index: number): void {
    const day = this.#days[index];
    if (day === undefined) return;
    for (const cell of this.#cells) cell.removeAttribute('aria-selected');
    this.#cells[index]?.setAttribute('aria-selected', 'true');
    this.#options.onChoose(day.date);
    const heading = element('h3', {}, ...(day.mark === undefined ? [] : [markElement(day.mark)]), day.heading);
    this.#details.replaceChildren(
      heading,
      element('ul', {}, ...day.links.map((link) => element('li', {}, linkElement(link, this.#options.act)))),
    );
  }

  /** Each result with how many nights had it; a click goes to the next one of them. */
  #legend({ legend }: Calendar): HTMLElement {
    return element(
      'ul',
      { class: 'legend' },
      ...legend.map(({ mark, text, count, label }) => {
        const button = element(
          'button',
          { type: 'button', class: 'link', 'aria-label': label, title: label, 'data-legend': mark },
          markElement(mark),
          element('strong', {}, count),
          ` ${text}`,
        );
        button.addEventListener('click', () => this.#showNext(mark));
        return element('li', {}, button);
      }),
    );
  }

  #showNext(mark: Mark): void {
    const isWanted = (day: CalendarDay): boolean => day.mark === mark;
    const next = this.#days.findIndex((day, index) => index > this.#current && isWanted(day));
    const found = next >= 0 ? next : this.#days.findIndex(isWanted);
    if (found < 0) return;
    this.#focus(found);
    this.#choose(found);
  }
}
