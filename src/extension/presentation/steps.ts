/** What a step says: it is done and adds this, go back to the step before, or give up. */
export type StepAnswer<State> = { readonly kind: 'done'; readonly state: State } | { readonly kind: 'back' } | { readonly kind: 'cancel' };

export interface StepPosition {
  /** From 1. */
  readonly step: number;
  readonly total: number;
}

export interface Step<State> {
  /** Whether it has to be asked at all with what is known so far. A step that was skipped is not counted. */
  readonly isNeeded?: (state: State) => boolean;
  /** Asks. It gets the state that it left behind itself before, so that going back shows the choice made. */
  readonly ask: (state: State, position: StepPosition) => Promise<StepAnswer<State>>;
}

/** Asks one step after the other. Going back from the first one gives up, as does cancelling. @returns undefined when given up */
export async function runSteps<State>(steps: readonly Step<State>[], start: State): Promise<State | undefined> {
  const needed = (step: Step<State>, state: State) => step.isNeeded?.(state) ?? true;
  let state = start;
  const asked: number[] = [];
  let at = steps.findIndex((step) => needed(step, state));
  while (at >= 0) {
    const step = steps[at];
    if (step === undefined) break;
    const total = asked.length + steps.slice(at).filter((later) => needed(later, state)).length;
    const answer = await step.ask(state, { step: asked.length + 1, total });
    if (answer.kind === 'cancel') return undefined;
    if (answer.kind === 'back') {
      const before = asked.pop();
      if (before === undefined) return undefined;
      at = before;
      continue;
    }
    state = answer.state;
    asked.push(at);
    const current = at;
    at = steps.findIndex((later, index) => index > current && needed(later, state));
  }
  return state;
}
