import {
  describeError,
  type StoragePlace,
  type JobResult,
  type KeepCopyUpOptions,
  keepCopyUp,
  originalLooks,
  readCopyStatus,
  signInTrouble,
  type SyncDetails,
} from '../jobs/index.ts';
import type { KeeperState, OriginalLooks } from '../offsite/index.ts';
import { formatTime, isAbort, l10n, type Password } from '../platform/index.ts';
import { TaskLoop } from '../schedule/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import type { CommandContext } from './command.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import { jsonObject, printJsonNow } from './json.ts';
import { stateSentence, troubleLine } from './offsite-text.ts';
import { countText, sizeText } from './units.ts';

/** Keeps copies up until it is stopped, and says what happens, a line each. */
export async function watchCopies(
  context: CommandContext,
  world: Pick<KeepCopyUpOptions, 'records'> & { readonly placeOf: (copy: OffsiteCopy) => StoragePlace },
  copies: readonly OffsiteCopy[],
  password: (copy: OffsiteCopy, signal: AbortSignal) => Promise<Password>,
): Promise<ExitCode> {
  const { signal, clock } = context;
  const { records, placeOf } = world;
  const onFailure = (_task: unknown, error: unknown): void => context.terminal.note(describeError(error).what);
  await using tasks = new TaskLoop({ clock, onFailure });
  const keepers: AsyncDisposable[] = [];
  try {
    for (const copy of copies) {
      const place = placeOf(copy);
      const teller = new Teller(context, copy, { place, looks: originalLooks(clock, () => place) });
      keepers.push(
        await keepCopyUp({
          copy,
          tasks,
          place,
          records,
          password: (passwordSignal) => password(copy, passwordSignal),
          onResult: (result) => teller.tellResult(result),
          onState: (state) => void teller.tellState(state),
        }),
      );
    }
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    return exitCode.interrupted;
  } finally {
    for (const keeper of keepers) await keeper[Symbol.asyncDispose]();
  }
}

class Teller {
  readonly #context: CommandContext;
  readonly #copy: OffsiteCopy;
  readonly #world: { readonly place: StoragePlace; readonly looks: OriginalLooks };
  #told = '';

  constructor(context: CommandContext, copy: OffsiteCopy, world: { readonly place: StoragePlace; readonly looks: OriginalLooks }) {
    this.#context = context;
    this.#copy = copy;
    this.#world = world;
  }

  tellResult(result: JobResult<unknown>): void {
    const { terminal, globals } = this.#context;
    if (result.outcome === 'stopped') return;
    const details = result.details as Partial<SyncDetails> | undefined;
    if (globals.json) {
      return printJsonNow(
        terminal,
        jsonObject({
          message_type: 'run',
          copy: this.#copy.name,
          job: result.job,
          outcome: result.outcome,
          uploaded_files: details?.uploadedFiles,
          uploaded_bytes: details?.uploadedBytes,
          trashed_files: details?.trashedFiles,
          lag_files: details?.lagFiles,
          exceptions: result.exceptionCount,
          error: 'error' in result ? describeError(result.error).what : undefined,
        }),
      );
    }
    if ('error' in result && !isAbort(result.error)) return this.#line(describeError(result.error).what);
    if (details?.uploadedFiles !== undefined && !globals.quiet)
      this.#line(
        l10n.t('{files} uploaded, {size}', { files: countText(details.uploadedFiles, 'file'), size: sizeText(details.uploadedBytes ?? 0) }),
      );
  }

  async tellState(keeper: KeeperState): Promise<void> {
    const { globals, terminal } = this.#context;
    if (globals.quiet) return;
    const { place, looks } = this.#world;
    const status = await readCopyStatus(this.#copy, place, { keeper, looks, signIn: await signInTrouble(place) });
    const { state, trouble, behind } = status;
    const isSaid = trouble === undefined || state === 'stopped-by-trouble';
    const text = isSaid ? stateSentence(status) : `${stateSentence(status)}: ${troubleLine(trouble)}`;
    if (text === this.#told) return;
    this.#told = text;
    if (globals.json)
      printJsonNow(
        terminal,
        jsonObject({ message_type: 'state', copy: this.#copy.name, state, trouble: trouble?.kind, behind: behind && { ...behind } }),
      );
    else this.#line(text);
  }

  #line(text: string): void {
    const { terminal, clock } = this.#context;
    terminal.print(`${formatTime(clock.nowNs())}  ${this.#copy.name}: ${text}`);
    terminal.flush();
  }
}
