import { resolve } from 'node:path';
import {
  clauseHints,
  makePeriodPack,
  makePeriodReport,
  packFileName,
  reportFileName,
  renderReport,
  reportFormats,
  type DocumentWorld,
} from '../../service/index.ts';
import { safeText } from '../../jobs/index.ts';
import { currentLanguage, l10n, systemRandom, writeDocument } from '../../platform/index.ts';
import type { CommandContext } from '../command.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { copiesNow } from '../copies-now.ts';
import { driveWorld } from '../drive-place.ts';
import type { OptionValues } from '../option-values.ts';
import type { Terminal } from '../terminal.ts';
import { keeperOf } from './records-keeper.ts';
import { currentMonth, periodOf } from './records-period.ts';
import { witnessesOf } from './records-verify.ts';

/** `cadangan records report`: the form of a period. */
export async function reportRecords(context: CommandContext, _item: string | undefined, options: OptionValues): Promise<ExitCode> {
  const { clock, terminal, workingFolder } = context;
  const format = options.choice('format', reportFormats) ?? 'pdf';
  const language = options.choice('formLanguage', ['en', 'id']) ?? currentLanguage();
  const world = await documentWorld(context);
  const { timeZone } = world.configuration;
  const period = periodOf(options, clock, timeZone) ?? currentMonth(clock, timeZone);
  const file = resolve(workingFolder, options.raw('output') ?? reportFileName(period, format, language));
  const bytes = await renderReport(await makePeriodReport(world, period), { ...world, format, language });
  const told = toldBeside(terminal, await writeDocument(file, bytes, { random: systemRandom, readers: 'others' }));
  told(l10n.t('wrote {0}', safeText(file)));
  for (const hint of clauseHints(world.configuration)) terminal.note(`${l10n.t('note')}: ${hint}`);
  return exitCode.done;
}

/** `cadangan records pack`: everything that an auditor asks for, in one signed file. */
export async function packRecords(context: CommandContext, _item: string | undefined, options: OptionValues): Promise<ExitCode> {
  const { clock, terminal, workingFolder } = context;
  const world = await documentWorld(context);
  const { timeZone } = world.configuration;
  const period = periodOf(options, clock, timeZone) ?? currentMonth(clock, timeZone);
  const file = resolve(workingFolder, options.raw('output') ?? packFileName(period));
  const { bytes, publicKey } = await makePeriodPack(await makePeriodReport(world, period), world);
  const told = toldBeside(terminal, await writeDocument(file, bytes, { random: systemRandom, readers: 'owner' }));
  told(l10n.t('wrote {0}', safeText(file)));
  told(l10n.t('signed with Ed25519 {0}; compare it with a printed form', publicKey.base64));
  return exitCode.done;
}

/** A document that went to a pipe may have gone to standard output itself: nothing else belongs there. */
function toldBeside(terminal: Terminal, kind: 'file' | 'stream'): (line: string) => void {
  return (line) => (kind === 'file' ? terminal.print(line) : terminal.note(line));
}

async function documentWorld(context: CommandContext): Promise<DocumentWorld> {
  const { clock, programVersion, signal } = context;
  const kept = await keeperOf(context);
  return {
    ...kept,
    clock,
    copies: async () => copiesNow(await driveWorld(context), clock),
    software: programVersion,
    signal,
    witnesses: await witnessesOf(context, kept.configuration),
  };
}
