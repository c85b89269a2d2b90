import * as vscode from 'vscode';
import { protocol, type SetInfo } from '../../service/index.ts';
import { l10n, systemClock } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { askText, pick, stepAnswer } from '../editor/ask.ts';
import type { ShownPage } from '../editor/record-pages.ts';
import { errorDataOf, isCancelled } from '../editor/show-error.ts';
import { whileBusy } from '../editor/with-progress.ts';
import {
  countChoices,
  keepQuestion,
  keepText,
  keepTexts,
  parseCount,
  usualCounts,
  withCount,
  type KeepKey,
} from '../presentation/keep-counts.ts';
import { retentionPageHtml, type RepositorySize, type RetentionView } from '../presentation/retention-page-html.ts';
import { runSteps, type Step, type StepAnswer, type StepPosition } from '../presentation/steps.ts';
import { commandTitle } from '../presentation/words.ts';
import { setTarget } from './targets.ts';

/** *Show Retention of Set*: the rule, what it would remove and why the rest stays; the size follows when it is measured. */
export async function showRetention(app: App, argument: unknown): Promise<void> {
  const set = await setTarget(app, argument, commandTitle('showRetention'));
  if (set !== undefined) await new RetentionPage(app, set).show();
}

/** *Change Retention of Set…*: how many of each stay, written into the configuration. Removes nothing. */
export async function changeRetention(app: App, argument: unknown): Promise<void> {
  const set = await setTarget(app, argument, commandTitle('changeRetention'));
  if (set === undefined || !(await askForRule(app, set))) return;
  await new RetentionPage(app, set).show();
}

/** The page of one set. What it shows was looked up when it was asked for: a record that is written meanwhile opens no repository. */
class RetentionPage {
  readonly #app: App;
  readonly #set: SetInfo;
  #preview: RetentionView['preview'];
  #asOfNs = 0n;
  #size: RepositorySize = { kind: 'measuring' };

  constructor(app: App, set: SetInfo) {
    this.#app = app;
    this.#set = set;
  }

  async show(): Promise<void> {
    await this.#look();
    await this.#app.recordPages.show(() => Promise.resolve(this.#page()));
    await this.#measure();
  }

  #page(): ShownPage {
    return {
      ...retentionPageHtml({ set: this.#set, preview: this.#preview, asOfNs: this.#asOfNs, size: this.#size }),
      actions: {
        change: async () => {
          if (await askForRule(this.#app, this.#current())) await this.#lookAgain();
        },
        preview: () => this.#lookAgain(),
        measure: () => this.#measure(),
      },
    };
  }

  #current(): SetInfo {
    return this.#app.sets.find(this.#set.name) ?? this.#set;
  }

  async #look(): Promise<void> {
    const { name, title, retention } = this.#current();
    this.#asOfNs = systemClock.nowNs();
    this.#preview =
      retention === undefined
        ? undefined
        : await whileBusy(l10n.t('Looking at the snapshots of {name}', { name: title }), (signal) =>
            this.#app.engine.request(protocol.previewRetention, { set: name }, { signal }),
          );
  }

  async #lookAgain(): Promise<void> {
    await this.#look();
    await this.#app.recordPages.refresh();
  }

  /** The rest of the page is there before. What it cannot find out stands on the page. */
  async #measure(): Promise<void> {
    const { location, title } = this.#set;
    await this.#become({ kind: 'measuring' });
    try {
      const stats = await whileBusy(l10n.t('Measuring the repository of {name}', { name: title }), (signal) =>
        this.#app.engine.request(protocol.repositoryStats, { location }, { signal }),
      );
      await this.#become({ kind: 'measured', stats });
    } catch (error) {
      await this.#become(isCancelled(error) ? { kind: 'not-measured' } : { kind: 'failed', error: errorDataOf(error) });
    }
  }

  async #become(size: RepositorySize): Promise<void> {
    this.#size = size;
    await this.#app.recordPages.refresh();
  }
}

interface Rule {
  readonly counts: NonNullable<SetInfo['retention']>['counts'];
  readonly hasMore: boolean;
}

/** @returns whether it was written @throws HostError */
async function askForRule(app: App, set: SetInfo): Promise<boolean> {
  const title = `${commandTitle('changeRetention')}: ${set.title}`;
  const keys = Object.keys(usualCounts) as readonly KeepKey[];
  const start: Rule = set.retention ?? { counts: {}, hasMore: false };
  const rule = await runSteps<Rule>([...keys.map((key) => countStep(title, key)), agreeStep(title)], start);
  if (rule === undefined) return false;
  await app.engine.request(protocol.changeRetention, { set: set.name, counts: rule.counts });
  await app.sets.refresh();
  return true;
}

function countStep(title: string, key: KeepKey): Step<Rule> {
  return { ask: (rule, position) => askCount(title, key, rule, position) };
}

async function askCount(title: string, key: KeepKey, rule: Rule, position: StepPosition): Promise<StepAnswer<Rule>> {
  const now = rule.counts[key] ?? 0;
  const add = (count: number): Rule => ({ ...rule, counts: withCount(rule.counts, key, count) });
  const other = { iconPath: new vscode.ThemeIcon('edit'), label: l10n.t('Another number…'), value: undefined as number | undefined };
  const items = countChoices(key, now).map((count) => ({
    label: keepText(key, count),
    description: count === now ? l10n.t('as now') : '',
    value: count as number | undefined,
  }));
  const placeholder = keepQuestion(key);
  const chosen = await pick<number | undefined>({
    title,
    position,
    placeholder,
    items: [...items, other],
    isActive: (count) => count === now,
  });
  if (chosen.kind !== 'answer') return chosen;
  if (chosen.value !== undefined) return { kind: 'done', state: add(chosen.value) };
  const typed = await askText({
    title,
    position,
    placeholder,
    prompt: placeholder,
    value: String(now),
    problem: (text) => (parseCount(text) === undefined ? l10n.t('Write a number from 0 to 100000.') : undefined),
  });
  if (typed.kind === 'back') return askCount(title, key, rule, position);
  return stepAnswer(typed, (text) => add(parseCount(text) ?? now));
}

/** The rule in words, before it is written. */
function agreeStep(title: string): Step<Rule> {
  return {
    ask: async (rule, position) => {
      const words = keepTexts(rule.counts);
      const isRule = words !== '' || rule.hasMore;
      const item = {
        iconPath: new vscode.ThemeIcon('save'),
        label: isRule ? l10n.t('Save the Rule') : l10n.t('Save: All Snapshots Stay'),
        description: words,
        detail: [
          rule.hasMore ? l10n.t('What else the configuration has in the rule stays as it is.') : '',
          isRule ? l10n.t('Nothing is removed before the next good backup of the set.') : l10n.t('The set has no rule then.'),
        ]
          .filter((line) => line !== '')
          .join(' '),
        value: rule,
      };
      return stepAnswer(await pick({ title, position, placeholder: l10n.t('Is this the rule?'), items: [item] }), (agreed) => agreed);
    },
  };
}
