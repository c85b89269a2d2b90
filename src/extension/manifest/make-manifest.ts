import {
  about,
  category,
  commandId,
  commands,
  configurationFiles,
  container,
  settings,
  snapshotScheme,
  views,
  type CommandName,
  type SettingContribution,
  type Text,
} from './contributions.ts';
import { menus, submenus, type MenuEntry } from './menus.ts';
import { toolNames, toolOf, type ToolName } from './tools.ts';
import { walkthrough } from './walkthrough.ts';
import { welcomes } from './welcome.ts';

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

export interface Manifest {
  /** `displayName` and `description` */
  readonly about: Readonly<Record<keyof typeof about, string>>;
  /** For package.json. */
  readonly contributes: { readonly [key: string]: Json };
  readonly activationEvents: readonly string[];
  /** package.nls.json and package.nls.id.json */
  readonly english: Readonly<Record<string, string>>;
  readonly indonesian: Readonly<Record<string, string>>;
}

/** Everything of the manifest that is made from the typed source. */
export function makeManifest(): Manifest {
  const texts = new Texts();
  const names = { displayName: texts.key('displayName', about.displayName), description: texts.key('description', about.description) };
  const contributes = {
    viewsContainers: { activitybar: [container] },
    views: {
      [container.id]: Object.entries(views).map(([name, view]) => ({
        ...view,
        name: texts.key(`view.${name}`, view.name),
        contextualTitle: container.title,
      })),
    },
    viewsWelcome: welcomes.flatMap(({ view, when, contents }) => [
      { view, when: `${when} && cadangan.speaks != id`, contents: contents.en },
      { view, when: `${when} && cadangan.speaks == id`, contents: contents.id },
    ]),
    commands: commandNames().map((name) => commandEntry(name, texts)),
    menus: {
      commandPalette: paletteEntries(),
      ...Object.fromEntries(Object.entries(menus).map(([place, entries]) => [place, entries.map(menuEntry)])),
    },
    submenus: Object.entries(submenus).map(([id, label]) => ({ id, label: texts.key(`submenu.${id}`, label) })),
    configuration: {
      title: 'Cadangan',
      properties: Object.fromEntries(
        Object.entries(settings).map(([name, setting], order) => [`cadangan.${name}`, settingEntry(name, setting, order, texts)]),
      ),
    },
    jsonValidation: [{ fileMatch: configurationFiles.patterns, url: configurationFiles.schema }],
    resourceLabelFormatters: [{ scheme: snapshotScheme, formatting: { label: '${path} (${query.at})', separator: '/' } }],
    walkthroughs: [walkthroughEntry(texts)],
    languageModelTools: toolNames().map((name) => toolEntry(name, texts)),
  };
  return {
    about: names,
    contributes,
    activationEvents: ['onStartupFinished', `onFileSystem:${snapshotScheme}`],
    english: texts.english,
    indonesian: texts.indonesian,
  };
}

/** Hands out keys for texts and keeps both languages under them. */
class Texts {
  readonly english: Record<string, string> = {};
  readonly indonesian: Record<string, string> = {};

  key(key: string, text: Text): string {
    this.english[key] = text.en;
    this.indonesian[key] = text.id;
    return `%${key}%`;
  }
}

function commandNames(): readonly CommandName[] {
  return Object.keys(commands) as CommandName[];
}

function commandEntry(name: CommandName, texts: Texts): Json {
  const command = commands[name];
  return {
    command: commandId(name),
    title: texts.key(`command.${name}`, command.title),
    category,
    ...('icon' in command ? { icon: command.icon } : {}),
  };
}

function paletteEntries(): Json {
  return commandNames().flatMap((name) => {
    const command = commands[name];
    if (!('palette' in command)) return [];
    return [{ command: commandId(name), when: command.palette === false ? 'false' : command.palette }];
  });
}

function menuEntry({ command, submenu, when, group }: MenuEntry): Json {
  return {
    ...(command === undefined ? {} : { command: commandId(command) }),
    ...(submenu === undefined ? {} : { submenu }),
    ...(when === undefined ? {} : { when }),
    ...(group === undefined ? {} : { group }),
  };
}

function settingEntry(name: string, setting: SettingContribution, order: number, texts: Texts): Json {
  const { type, scope, choices } = setting;
  return {
    type,
    default: setting.default,
    scope,
    order,
    markdownDescription: texts.key(`setting.${name}`, setting.description),
    ...(choices === undefined
      ? {}
      : {
          enum: Object.keys(choices),
          enumDescriptions: Object.entries(choices).map(([choice, text]) => texts.key(`setting.${name}.${choice}`, text)),
        }),
  };
}

function toolEntry(name: ToolName, texts: Texts): Json {
  const { reference, icon, title, about: description, modelDescription, properties, required } = toolOf(name);
  return {
    name,
    icon,
    modelDescription,
    displayName: texts.key(`tool.${reference}`, title),
    userDescription: texts.key(`tool.${reference}.description`, description),
    toolReferenceName: reference,
    canBeReferencedInPrompt: true,
    when: 'config.cadangan.agentTools != off',
    tags: ['cadangan', 'backup'],
    inputSchema: { type: 'object', properties: { ...properties }, ...(required === undefined ? {} : { required }) },
  };
}

function walkthroughEntry(texts: Texts): Json {
  const { id, title, description, steps } = walkthrough;
  return {
    id,
    title: texts.key('walkthrough', title),
    description: texts.key('walkthrough.description', description),
    steps: steps.map((step) => ({
      id: step.id,
      title: texts.key(`walkthrough.${step.id}`, step.title),
      description: texts.key(`walkthrough.${step.id}.description`, step.description),
      media: { svg: step.picture, altText: texts.key(`walkthrough.${step.id}.picture`, step.altText) },
      completionEvents: step.completionEvents,
    })),
  };
}
