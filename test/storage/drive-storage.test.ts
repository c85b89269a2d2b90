import { DriveStorage } from '../../src/storage/index.ts';
import { sampleAccount } from '../drive-emulator/index.ts';
import { driveStage, plantAt } from '../google/drive-stage.ts';
import { describeStorage } from './conformance.ts';

describeStorage('the Drive storage, when its folder goes to the trash,', async () => {
  const stage = await driveStage();
  const person = stage.drive.person(sampleAccount);
  return {
    storage: new DriveStorage(stage.client, 'Backup/server-1'),
    plant: async (path, bytes) => void (await plantAt(stage.drive, `Backup/server-1/${path}`, bytes)),
    takeAway: async () => person.trash(person.find('Backup/server-1')[0]?.id ?? ''),
    leaves: 'no-folder',
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
});

describeStorage(
  'the Drive storage, when Google is away,',
  async () => {
    const stage = await driveStage({ client: { patience: { firstWaitMsMax: 1, waitMsMax: 2, transientTries: 3 } } });
    return {
      storage: new DriveStorage(stage.client, 'Backup/server-1'),
      takeAway: () => stage.drive.stop(),
      leaves: 'no-answer',
      [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
    };
  },
  { takesStrangers: false },
);
