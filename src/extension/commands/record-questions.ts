import * as vscode from 'vscode';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { askText, pick, stepAnswer } from '../editor/ask.ts';
import { parsePeriod, usualPeriods, type Period } from '../presentation/periods.ts';
import type { Step, StepAnswer, StepPosition } from '../presentation/steps.ts';

/* What several commands about records ask. */

/** Who decides: asked for, and remembered for the next time. */
export interface Person {
  readonly name?: string | undefined;
  readonly position?: string | undefined;
}

const memoryKey = 'cadangan.person';

/** Whoever decided the last time. */
export function rememberedPerson({ context: { globalState } }: App): Person {
  const { name, position }: Person = globalState.get<Person>(memoryKey) ?? {};
  return { name, position };
}

export async function rememberPerson({ context: { globalState } }: App, { name, position }: Person): Promise<void> {
  await globalState.update(memoryKey, { name, position });
}

/** Name and position, as they are printed in forms. */
export function personSteps<State extends Person>(title: string): readonly Step<State>[] {
  return [
    textStep<State>(
      title,
      l10n.t('Your name'),
      l10n.t('As it is printed in forms.'),
      ({ name }) => name,
      (state, name) => ({ ...state, name }),
    ),
    textStep<State>(
      title,
      l10n.t('Your position'),
      l10n.t('In the organisation, such as IT Officer.'),
      ({ position }) => position,
      (state, position) => ({ ...state, position }),
    ),
  ];
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
  const problem = (text: string) => (text.trim() === '' && !mayBeEmpty ? l10n.t('This is needed.') : undefined);
  return {
    ask: async (state, position) =>
      stepAnswer(await askText({ title, position, placeholder, prompt, value: before(state), problem }), (text) => add(state, text.trim())),
  };
}

/** The usual periods, or any that is typed. */
export function periodStep<State extends { readonly period?: Period | undefined }>(app: App, title: string): Step<State> {
  return { ask: (state, position) => askPeriod(app, title, state, position) };
}

async function askPeriod<State extends { readonly period?: Period | undefined }>(
  app: App,
  title: string,
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
  const usual = today === '' ? [] : usualPeriods(today).map((period) => ({ iconPath: new vscode.ThemeIcon('calendar'), ...period }));
  const answer = await pick<Period | undefined>({
    title,
    position,
    placeholder: l10n.t('Which period?'),
    items: [...usual, other],
    isActive: (value) => value?.from === state.period?.from && value?.to === state.period?.to,
  });
  if (answer.kind !== 'answer') return answer;
  if (answer.value !== undefined) return { kind: 'done', state: { ...state, period: answer.value } };
  const problem = (text: string) =>
    parsePeriod(text) === undefined ? l10n.t('Write it as 2026-11-22, 2026-11, or 2026-11-01..2026-11-30.') : undefined;
  const typed = await askText({
    title,
    position,
    placeholder: '2026-11-01..2026-11-30',
    prompt: l10n.t('A day, a month, a year, or two of them with .. between'),
    problem,
  });
  if (typed.kind === 'back') return askPeriod(app, title, state, position);
  return stepAnswer(typed, (text) => ({ ...state, period: parsePeriod(text) }));
}
