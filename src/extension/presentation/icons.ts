import type { ServerInfo, SetStateKind } from '../../service/index.ts';

/** A codicon, with a theme colour only where the colour means something. */
export interface Icon {
  readonly name: string;
  readonly color?: 'testing.iconPassed' | 'list.warningForeground' | 'list.errorForeground' | 'progressBar.background';
}

/** What a state looks like in every view. */
export function iconOfState(state: SetStateKind): Icon {
  switch (state) {
    case 'success':
      return { name: 'pass', color: 'testing.iconPassed' };
    case 'exceptions':
      return { name: 'warning', color: 'list.warningForeground' };
    case 'missed':
      return { name: 'warning', color: 'list.warningForeground' };
    case 'overdue':
      return { name: 'warning', color: 'list.warningForeground' };
    case 'failed':
      return { name: 'error', color: 'list.errorForeground' };
    case 'stopped':
      return { name: 'stop-circle' };
    case 'running':
      return { name: 'sync~spin' };
    case 'waiting':
      return { name: 'clock' };
    case 'never-run':
      return { name: 'circle-outline' };
    case 'unknown':
      return { name: 'question' };
  }
}

/** What the state of a server looks like. */
export function iconOfServer(state: ServerInfo['state']): Icon {
  switch (state) {
    case 'in-time':
      return { name: 'pass', color: 'testing.iconPassed' };
    case 'late':
      return { name: 'warning', color: 'list.warningForeground' };
    case 'silent':
      return { name: 'error', color: 'list.errorForeground' };
    case 'retired':
      return { name: 'archive' };
    case 'unknown':
      return { name: 'question' };
  }
}
