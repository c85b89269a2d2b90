// Whoever reads the views sees the times that stand in the records: those of the configuration's time zone, wherever the server stands.
import { readFileSync, writeFileSync } from 'node:fs';
import { formatDay, formatTime, setLanguage } from '../../src/platform/index.ts';
import { recordsIn } from '../records/some-records.ts';
import { setTest } from './set-test.ts';
import { Words } from './words.ts';

const jakarta = 'Asia/Jakarta';

setTest(
  'views show the times of the configuration, not those of the server, and follow it when it changes',
  { language: 'id', displayLanguage: 'id', environment: { TZ: 'UTC' } },
  async (window, { environment }, { server: { folders } }) => {
    const words = new Words('id');
    setLanguage('id');
    const configFile = environment['CADANGAN_CONFIG'] ?? '';
    const configuration: Record<string, unknown> = JSON.parse(readFileSync(configFile, 'utf8'));
    const write = (timeZone: string | undefined): void => writeFileSync(configFile, JSON.stringify({ ...configuration, timeZone }));
    const ns = BigInt(Date.parse('2026-11-20 21:00:00')) * 1_000_000n;
    const [snapshots, sets, history] = [
      window.view(words.view('snapshots')),
      window.view(words.view('sets')),
      window.view(words.view('history')),
    ];

    write(jakarta);
    await window.openContainer('Cadangan');
    await snapshots.open();
    await snapshots.expand('November 2026');
    const seen = async (timeZone: string): Promise<void> => {
      await snapshots.waitFor(formatDay(ns, { timeZone }));
      await snapshots.expand(formatDay(ns, { timeZone }));
      await snapshots.waitFor(`${formatTime(ns, { timeZone })} Accounting`);
    };
    await seen(jakarta);
    await sets.inlineAction('Accounting', words.title('backUpNow'));
    await sets.icon('Accounting', 'pass').waitFor();
    await window.clearMessages();
    await history.open();
    // Of the run that the view may not know yet; others are there that the command line has made.
    const { started = '', ended = '' } = (await recordsIn(folders.stateFolder)).findLast(({ set }) => set === 'accounting') ?? {};
    const timeOf = (instant: string): string => formatTime(BigInt(Date.parse(instant)) * 1_000_000n, { timeZone: jakarta });
    await history
      .rows()
      .filter({ hasText: 'Accounting' })
      .filter({ hasText: timeOf(started) })
      .waitFor();
    await sets
      .rows()
      .filter({ hasText: 'Accounting' })
      .filter({ hasText: timeOf(ended) })
      .waitFor();
    await window.screenshot('time zone, Jakarta');

    await history.close();
    write('UTC');
    await seen('UTC');
    await window.screenshot('time zone, UTC');
  },
);
