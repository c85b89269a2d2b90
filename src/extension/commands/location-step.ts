import { protocol } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { askText, type QuestionOptions } from '../editor/ask.ts';
import { errorDataOf } from '../editor/show-error.ts';
import { errorMessage } from '../presentation/error-text.ts';

/** A place that answers. */
export interface Place {
  readonly location: string;
  readonly hasRepository: boolean;
}

/**
 * A location, typed. It is looked into before the next step: whoever mistypes a server learns of it where it can be mended.
 * @returns undefined when the question was left
 */
export async function askLocation(
  app: App,
  question: Pick<QuestionOptions, 'title' | 'position'> & { readonly value: string | undefined },
): Promise<Place | undefined> {
  let found: Place | undefined;
  await askText({
    ...question,
    placeholder: '/mnt/backup/repository',
    prompt: l10n.t('The location, as restic writes it'),
    problem: (text) => (text.trim() === '' ? l10n.t('Enter a location.') : undefined),
    lookInto: async (text, signal) => {
      try {
        found = await app.engine.request(protocol.placeInfo, { location: text.trim() }, { signal });
        return undefined;
      } catch (error) {
        return errorMessage(errorDataOf(error));
      }
    },
  });
  return found;
}
