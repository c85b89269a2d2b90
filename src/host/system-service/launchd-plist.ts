import { xmlText } from './xml-text.ts';
import type { ServiceDescription } from './description.ts';
import { launchdLabel } from './place.ts';
import { restartSeconds, stopSeconds, threadPool } from './systemd-unit.ts';

/** launchd.plist(5). @param isAgent of a user, else of the machine */
export function launchdPlist({ command, account, stateFolder }: ServiceDescription, isAgent: boolean): string {
  const log = string(`${stateFolder}/service.out`);
  const [variable = '', value = ''] = threadPool.split('=');
  const entries: readonly (readonly [key: string, value: string])[] = [
    ['Label', string(launchdLabel)],
    ['ProgramArguments', `<array>\n${command.map((word) => `    ${string(word)}\n`).join('')}  </array>`],
    ...(isAgent ? [] : ([['UserName', string(account)]] as const)),
    ['RunAtLoad', '<true/>'],
    ['KeepAlive', '<true/>'],
    ['ThrottleInterval', integer(restartSeconds)],
    ['ExitTimeOut', integer(stopSeconds)],
    ['ProcessType', string('Background')],
    ['EnvironmentVariables', `<dict>\n    <key>${variable}</key>\n    ${string(value)}\n  </dict>`],
    ['Nice', integer(10)],
    ['Umask', integer(0o077)],
    ['SoftResourceLimits', `<dict>\n    <key>Core</key>\n    ${integer(0)}\n  </dict>`],
    ['StandardOutPath', log],
    ['StandardErrorPath', log],
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    '<dict>',
    ...entries.flatMap(([key, value]) => [`  <key>${key}</key>`, `  ${value}`]),
    '</dict>',
    '</plist>',
    '',
  ].join('\n');
}

function string(text: string): string {
  return `<string>${xmlText(text)}</string>`;
}

function integer(value: number): string {
  return `<integer>${value}</integer>`;
}
