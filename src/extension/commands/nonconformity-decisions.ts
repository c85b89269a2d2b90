import { protocol, type DecideNonconformityParams } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { askText, pick, stepAnswer } from '../editor/ask.ts';
import { parseDay } from '../presentation/periods.ts';
import { runSteps, type Step } from '../presentation/steps.ts';
import { commandTitle } from '../presentation/words.ts';
import { personSteps, rememberPerson, startingPerson, textStep, type Person } from './record-questions.ts';

interface Asked extends Person {
  readonly owner?: string | undefined;
  readonly ownerPosition?: string | undefined;
  /** Empty: no day. */
  readonly due?: string | undefined;
  readonly helped?: boolean | undefined;
  readonly text?: string | undefined;
}

type Decision = DecideNonconformityParams['decision'];

/** *Assign Nonconformity…*: who mends it, until when. @returns whether it was written @throws HostError */
export function assignNonconformity(app: App, id: string): Promise<boolean> {
  const title = `${commandTitle('assignNonconformity')}: ${id}`;
  return decide(app, id, [...ownerSteps(title), ...personSteps<Asked>(title)], ({ owner = '', ownerPosition = '', due = '' }) => ({
    kind: 'assign',
    owner: { name: owner, position: ownerPosition },
    ...(due !== '' && { due }),
  }));
}

/** *Check the Correction…*: whether it helped; one that did not is opened again. @returns whether it was written @throws HostError */
export function followUpNonconformity(app: App, id: string): Promise<boolean> {
  const title = `${commandTitle('followUpNonconformity')}: ${id}`;
  const steps = [helpedStep(title), remarksStep(title, l10n.t('What has the check shown?')), ...personSteps<Asked>(title)];
  return decide(app, id, steps, ({ helped = false, text = '' }) => ({ kind: 'check', helped, why: text }));
}

/** *Withdraw Nonconformity…*: it was opened in error. @returns whether it was written @throws HostError */
export function withdrawNonconformity(app: App, id: string): Promise<boolean> {
  const title = `${commandTitle('withdrawNonconformity')}: ${id}`;
  const steps = [remarksStep(title, l10n.t('Why was it opened in error?')), ...personSteps<Asked>(title)];
  return decide(app, id, steps, ({ text = '' }) => ({ kind: 'withdraw', why: text }));
}

/** *Enter a Finding…*: what an auditor has found. @returns the number of its record @throws HostError */
export async function enterFinding(app: App): Promise<number | undefined> {
  const title = commandTitle('enterFinding');
  const steps = [remarksStep(title, l10n.t('What is not as it should be?')), ...ownerSteps(title), ...personSteps<Asked>(title)];
  const answer = await runSteps<Asked>(steps, await startingPerson(app));
  const { text, owner = '', ownerPosition = '', due = '', name, position } = answer ?? {};
  if (text === undefined || name === undefined || position === undefined) return undefined;
  const row = await app.engine.request(protocol.enterFinding, {
    text,
    records: [],
    owner: { name: owner, position: ownerPosition },
    ...(due !== '' && { due }),
    name,
    position,
  });
  await rememberPerson(app, { name, position });
  await app.records.refresh();
  return row.number;
}

async function decide(app: App, id: string, steps: readonly Step<Asked>[], decisionOf: (asked: Asked) => Decision): Promise<boolean> {
  const answer = await runSteps<Asked>(steps, await startingPerson(app));
  const { name, position } = answer ?? {};
  if (answer === undefined || name === undefined || position === undefined) return false;
  await app.engine.request(protocol.decideNonconformity, { id, decision: decisionOf(answer), name, position });
  await rememberPerson(app, { name, position });
  await app.records.refresh();
  return true;
}

function ownerSteps(title: string): readonly Step<Asked>[] {
  return [
    textStep<Asked>(
      title,
      l10n.t('Owner'),
      l10n.t('Who mends it?'),
      ({ owner }) => owner,
      (state, owner) => ({ ...state, owner, ownerPosition: state.persons?.find((one) => one.name === owner)?.position }),
    ),
    {
      ...textStep<Asked>(
        title,
        l10n.t('Position of the owner'),
        l10n.t('In the organisation, such as IT Officer.'),
        ({ ownerPosition }) => ownerPosition,
        (state, ownerPosition) => ({ ...state, ownerPosition }),
      ),
      isNeeded: ({ ownerPosition }) => ownerPosition === undefined,
    },
    {
      ask: async (state, position) =>
        stepAnswer(
          await askText({
            title,
            position,
            placeholder: '2026-12-24',
            prompt: l10n.t('Until which day? May stay empty.'),
            value: state.due,
            problem: (text) => (text.trim() === '' || parseDay(text) !== undefined ? undefined : l10n.t('Write it as 2026-12-24.')),
          }),
          (due) => ({ ...state, due: parseDay(due) ?? '' }),
        ),
    },
  ];
}

function helpedStep(title: string): Step<Asked> {
  const items = [
    { label: l10n.t('It helped'), value: true },
    { label: l10n.t('It did not help'), detail: l10n.t('The nonconformity is opened again.'), value: false },
  ];
  return {
    ask: async (state, position) =>
      stepAnswer(
        await pick<boolean>({
          title,
          position,
          placeholder: l10n.t('Did the correction help?'),
          items,
          isActive: (value) => value === state.helped,
        }),
        (helped) => ({ ...state, helped }),
      ),
  };
}

function remarksStep(title: string, prompt: string): Step<Asked> {
  return textStep<Asked>(
    title,
    l10n.t('Remarks'),
    prompt,
    ({ text }) => text,
    (state, text) => ({ ...state, text }),
  );
}
