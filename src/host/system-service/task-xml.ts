import type { ServiceDescription } from './description.ts';
import { xmlText } from './xml-text.ts';

/** Of the account that Windows itself runs under ("Well-known SIDs"). */
const systemSid = 'S-1-5-18';
const guard = 'PT5M';

/**
 * A task of Windows' Task Scheduler, for `schtasks /Create /XML`: names and order of elements as Microsoft's "Task Scheduler Schema" has
 * them. It is started with the machine (or at the log-on of its user), and every five minutes in case that it ended; a second one is not
 * started while the first runs.
 */
export function taskXml({ command, account }: ServiceDescription, isOfUser: boolean): string {
  const [program = '', ...args] = command;
  const repetition = element('Repetition', [text('Interval', guard), text('StopAtDurationEnd', 'false')]);
  const trigger = isOfUser
    ? element('LogonTrigger', [text('Enabled', 'true'), repetition, text('UserId', account)])
    : element('BootTrigger', [text('Enabled', 'true'), repetition]);
  const principal = isOfUser
    ? [text('UserId', account), text('LogonType', 'InteractiveToken'), text('RunLevel', 'LeastPrivilege')]
    : [text('UserId', systemSid), text('RunLevel', 'HighestAvailable')];
  const task = element('Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task"', [
    element('RegistrationInfo', [text('Description', 'Cadangan, backup and off-site copies'), text('URI', '\\Cadangan')]),
    element('Triggers', [trigger]),
    element('Principals', [element('Principal id="Author"', principal)]),
    element('Settings', [
      text('MultipleInstancesPolicy', 'IgnoreNew'),
      text('DisallowStartIfOnBatteries', 'false'),
      text('StopIfGoingOnBatteries', 'false'),
      text('AllowHardTerminate', 'true'),
      text('StartWhenAvailable', 'true'),
      text('Enabled', 'true'),
      text('ExecutionTimeLimit', 'PT0S'), // no limit
      text('Priority', '7'),
    ]),
    element('Actions Context="Author"', [element('Exec', [text('Command', program), text('Arguments', args.map(windowsWord).join(' '))])]),
  ]);
  return `<?xml version="1.0" encoding="UTF-16"?>\r\n${task.join('\r\n')}\r\n`;
}

function element(opening: string, content: readonly (readonly string[])[]): readonly string[] {
  const [name = ''] = opening.split(' ');
  return [`<${opening}>`, ...content.flat().map((line) => `  ${line}`), `</${name}>`];
}

function text(name: string, value: string): readonly string[] {
  return [`<${name}>${xmlText(value)}</${name}>`];
}

/** As `CommandLineToArgvW` takes it apart: backslashes count only before a quote. */
function windowsWord(word: string): string {
  if (/^[^\s"]+$/.test(word)) return word;
  return `"${word.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}
