import * as vscode from 'vscode';
import type { StepPosition } from '../presentation/steps.ts';

export interface Choice<Value> extends vscode.QuickPickItem {
  readonly value: Value;
}

/** What came of a question: an answer, the button that goes back, or nothing. */
export type Answer<Value> = { readonly kind: 'answer'; readonly value: Value } | { readonly kind: 'back' } | { readonly kind: 'cancel' };

export interface QuestionOptions {
  readonly title: string;
  readonly placeholder: string;
  /** Of a flow; with it there is a button that goes back. */
  readonly position?: StepPosition | undefined;
}

export interface PickOptions<Value> extends QuestionOptions {
  /** The list is busy until they are there. What they throw is thrown. */
  readonly items: readonly (Choice<Value> | vscode.QuickPickItem)[] | Promise<readonly (Choice<Value> | vscode.QuickPickItem)[]>;
  /** Which one has the focus at first. */
  readonly isActive?: ((value: Value) => boolean) | undefined;
  /** What a button of an item answers. */
  readonly onButton?: ((value: Value, button: vscode.QuickInputButton) => Value) | undefined;
  /** What is typed counts too, when no item is chosen. */
  readonly ofText?: ((text: string) => Value | undefined) | undefined;
}

/** One choice from a list. Leaving it leaves no trace; it stays open while the focus is elsewhere only within a flow. */
export async function pick<Value>(options: PickOptions<Value>): Promise<Answer<Value>> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer<Value>>();
  const input = vscode.window.createQuickPick<Choice<Value> | vscode.QuickPickItem>();
  prepare(input, options);
  input.placeholder = options.placeholder;
  input.matchOnDescription = true;
  input.matchOnDetail = true;
  input.onDidTriggerButton(() => resolve({ kind: 'back' }));
  input.onDidTriggerItemButton(({ item, button }) => {
    if (isChoice(item)) resolve({ kind: 'answer', value: options.onButton?.(item.value, button) ?? item.value });
  });
  input.onDidAccept(() => {
    const [item] = input.selectedItems;
    const typed = item === undefined ? options.ofText?.(input.value.trim()) : undefined;
    if (isChoice(item)) resolve({ kind: 'answer', value: item.value });
    else if (typed !== undefined) resolve({ kind: 'answer', value: typed });
  });
  input.onDidHide(() => resolve({ kind: 'cancel' }));
  const show = (items: readonly (Choice<Value> | vscode.QuickPickItem)[]): void => {
    input.items = items;
    input.busy = false;
    const active = items.find((item) => isChoice(item) && options.isActive?.(item.value) === true);
    if (active !== undefined) input.activeItems = [active];
  };
  input.busy = true;
  input.show();
  Promise.resolve(options.items).then(show).catch(reject);
  try {
    return await promise;
  } finally {
    input.dispose();
  }
}

export interface TextOptions extends QuestionOptions {
  readonly prompt?: string | undefined;
  readonly value?: string | undefined;
  readonly isSecret?: boolean | undefined;
  /** What is wrong with the text; nothing is accepted while something is. */
  readonly problem?: ((text: string) => string | undefined) | undefined;
  /**
   * What turns out to be wrong with the text once somebody has looked, which may take a while, and ask in a dialog. The question stays
   * open with what was typed.
   */
  readonly lookInto?: ((text: string, signal: AbortSignal) => Promise<string | undefined>) | undefined;
  /** Said below what is right so far. */
  readonly hint?: ((text: string) => string | undefined) | undefined;
}

export async function askText(options: TextOptions): Promise<Answer<string>> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer<string>>();
  const input = vscode.window.createInputBox();
  const leaving = new AbortController();
  let isLookingInto = false;
  prepare(input, options);
  input.placeholder = options.placeholder;
  input.prompt = options.prompt;
  input.password = options.isSecret ?? false;
  input.value = options.value ?? '';
  input.onDidTriggerButton(() => resolve({ kind: 'back' }));
  input.onDidChangeValue((text) => {
    const hint = text === '' ? undefined : options.hint?.(text);
    input.validationMessage = hint === undefined ? undefined : { message: hint, severity: vscode.InputBoxValidationSeverity.Info };
  });
  const lookInto = async (text: string): Promise<void> => {
    isLookingInto = true;
    [input.busy, input.enabled, input.validationMessage] = [true, false, undefined];
    const problem = await options.lookInto?.(text, leaving.signal);
    [input.busy, input.enabled, isLookingInto] = [false, true, false];
    if (problem === undefined) resolve({ kind: 'answer', value: text });
    else input.validationMessage = problem;
  };
  input.onDidAccept(() => {
    const problem = options.problem?.(input.value);
    if (problem !== undefined) input.validationMessage = problem;
    else if (!isLookingInto) lookInto(input.value).catch(reject);
  });
  input.onDidHide(() => resolve({ kind: 'cancel' }));
  input.show();
  try {
    return await promise;
  } finally {
    leaving.abort();
    input.dispose();
  }
}

/** A dialog for one or more folders or files of the server. Undefined when it was cancelled. */
export async function askPaths(title: string, options: Omit<vscode.OpenDialogOptions, 'title'>): Promise<readonly string[] | undefined> {
  const uris = await vscode.window.showOpenDialog({ title, ...options });
  return uris?.map(({ fsPath }) => fsPath);
}

export function separator(label: string): vscode.QuickPickItem {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}

/** An item that cannot be chosen has no value: accepting it does nothing. */
function isChoice<Value>(item: Choice<Value> | vscode.QuickPickItem | undefined): item is Choice<Value> {
  return item !== undefined && 'value' in item;
}

function prepare(input: vscode.QuickInput & { buttons: readonly vscode.QuickInputButton[] }, { title, position }: QuestionOptions): void {
  input.title = title;
  // Dialogs and other windows take the focus during a flow; it must not be lost by that.
  input.ignoreFocusOut = position !== undefined;
  if (position === undefined) return;
  input.step = position.step;
  input.totalSteps = position.total;
  input.buttons = position.step > 1 ? [vscode.QuickInputButtons.Back] : [];
}

/** The answer of a question as that of a step, which adds to the state. */
export function stepAnswer<Value, State>(
  answer: Answer<Value>,
  add: (value: Value) => State,
): { readonly kind: 'done'; readonly state: State } | { readonly kind: 'back' } | { readonly kind: 'cancel' } {
  return answer.kind === 'answer' ? { kind: 'done', state: add(answer.value) } : answer;
}
