import { CadanganError, l10n, system } from '../platform/index.ts';
import { exitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/**
 * The first signal aborts what is going on, which then ends cleanly: its temporary files and its lock are removed. Whoever asks a second
 * time gets out at once; a lock that stays behind is recognised as stale.
 */
export function stopOnSignals(terminal: Terminal): { readonly controller: AbortController } & Disposable {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(exitCode.interrupted);
    terminal.note(l10n.t('stopping… (once more to end at once)'));
    controller.abort(new CadanganError('aborted'));
  };
  for (const name of system.stopSignals) process.on(name, onSignal);
  return {
    controller,
    [Symbol.dispose]: () => {
      for (const name of system.stopSignals) process.off(name, onSignal);
    },
  };
}
