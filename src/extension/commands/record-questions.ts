import * as vscode from 'vscode';
import { l10n } from '../../platform/index.ts';
import type { RecordsSummary } from '../../service/index.ts';
import type { App } from '../app.ts';
import { askText, pick, stepAnswer } from '../editor/ask.ts';
import { parsePeriod, usualPeriods, type Period } from '../presentation/periods.ts';
import type { Step, StepAnswer, StepPosition } from '../presentation/steps.ts';

/* What several commands about records ask. */

/** Who decides: asked for, and remembered for the next time. */
export interface Person {
  readonly name?: string | undefined;
  readonly position?: string | undefined;
  /** Whom the instruction names; of a list of persons nobody else may decide. */
  readonly persons?: RecordsSummary['persons'] | undefined;
  readonly isListOfPersons?: boolean | undefined;
  /** It is one of them, with the position that stands there. */
  readonly isChosen?: boolean | undefined;
}

const memoryKey = 'cadangan.person';

/** Whoever decided the last time, and whom the instruction names. */
export async function startingPerson(app: App): Promise<Person> {
  const { persons, isListOfPersons } = (await app.records.loadSummary()) ?? {};
  const { name, position }: Person = app.context.globalState.get<Person>(memoryKey) ?? {};
  return { name, position, persons, isListOfPersons };
}

export async function rememberPerson({ context: { globalState } }: App, { name, position }: Person): Promise<void> {
  await globalState.update(memoryKey, { name, position });
}

/** Name and position, as they are printed in forms: one whom the instruction names, or typed. */
export function personSteps<State extends Person>(title: string): readonly Step<State>[] {
  return [
    { isNeeded: ({ persons = [] }) => persons.length > 0, ask: (state, position) => askPerson(title, state, position) },
    {
      ...textStep<State>(
        title,
        l10n.t('Your name'),
        l10n.t('As it is printed in forms.'),
        ({ name }) => name,
        (state, name) => ({ ...state, name }),
      ),
      isNeeded: ({ isChosen }) => isChosen !== true,
    },
    {
      ...textStep<State>(
        title,
        l10n.t('Your position'),
        l10n.t('In the organisation, such as IT Officer.'),
        ({ position }) => position,
        (state, position) => ({ ...state, position }),
      ),
      isNeeded: ({ isChosen, position }) => isChosen !== true || position === undefined,
    },
  ];
}

async function askPerson<State extends Person>(title: string, state: State, position: StepPosition): Promise<StepAnswer<State>> {
  const { persons = [], isListOfPersons = false } = state;
  const other = { iconPath: new vscode.ThemeIcon('edit'), label: l10n.t('Somebody else…'), value: undefined as Named | undefined };
  const named = persons.map((person) => ({
    iconPath: new vscode.ThemeIcon('person'),
    label: person.name,
    description: person.position ?? '',
    value: person as Named | undefined,
  }));
  return stepAnswer(
    await pick<Named | undefined>({
      title,
      position,
      placeholder: l10n.t('Who are you?'),
      items: isListOfPersons ? named : [...named, other],
      isActive: (value) => value?.name === state.name,
    }),
    (person) =>
      person === undefined ? { ...state, isChosen: false } : { ...state, name: person.name, position: person.position, isChosen: true },
  );
}

type Named = RecordsSummary['persons'][number];

/** What is wrong with a line that must not be empty. */
export function neededText(text: string): string | undefined {
  return text.trim() === '' ? l10n.t('This is needed.') : undefined;
}

/** One line that must not be empty, unless it is said that it may. */
export function textStep<State>(
  title: string,
  placeholder: string,
  prompt: string,
  before: (state: State) => string | undefined,
  add: (state: State, text: string) => State,
  { mayBeEmpty = false } = {},
): Step<State> {
  const problem = mayBeEmpty ? undefined : neededText;
  return {
    ask: async (state, position) =>
      stepAnswer(await askText({ title, position, placeholder, prompt, value: before(state), problem }), (text) => add(state, text.trim())),
  };
}

/** The usual periods, or any that is typed. */
export function periodStep<State extends { readonly period?: Period | undefined }>(
  app: App,
  title: string,
  choice: PeriodChoice = {},
): Step<State> {
  return { ask: (state, position) => askPeriod(app, title, choice, state, position) };
}

interface PeriodChoice {
  /** Only one that is over. */
  readonly hasEnded?: boolean;
}

async function askPeriod<State extends { readonly period?: Period | undefined }>(
  app: App,
  title: string,
  choice: PeriodChoice,
  state: State,
  position: StepPosition,
): Promise<StepAnswer<State>> {
  const { today = '' } = (await app.records.loadSummary()) ?? {};
  const other = {
    iconPath: new vscode.ThemeIcon('edit'),
    label: l10n.t('Another period…'),
    description: l10n.t('A day, a month, a year, or two of them with .. between'),
    value: undefined as Period | undefined,
  };
  const isWanted = ({ to }: Period) => choice.hasEnded !== true || to < today;
  const usual = (today === '' ? [] : usualPeriods(today))
    .filter(({ value }) => isWanted(value))
    .map((period) => ({ iconPath: new vscode.ThemeIcon('calendar'), ...period }));
  const answer = await pick<Period | undefined>({
    title,
    position,
    placeholder: l10n.t('Which period?'),
    items: [...usual, other],
    isActive: (value) => value?.from === state.period?.from && value?.to === state.period?.to,
  });
  if (answer.kind !== 'answer') return answer;
  if (answer.value !== undefined) return { kind: 'done', state: { ...state, period: answer.value } };
  const problem = (text: string) => {
    const period = parsePeriod(text);
    if (period === undefined) return l10n.t('Write it as 2026-11-22, 2026-11, or 2026-11-01..2026-11-30.');
    return isWanted(period) ? undefined : l10n.t('This period has not ended yet.');
  };
  const typed = await askText({
    title,
    position,
    placeholder: '2026-11-01..2026-11-30',
    prompt: l10n.t('A day, a month, a year, or two of them with .. between'),
    problem,
  });
  if (typed.kind === 'back') return askPeriod(app, title, choice, state, position);
  return stepAnswer(typed, (text) => ({ ...state, period: parsePeriod(text) }));
}
