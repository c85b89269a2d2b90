import { isOnDrive, l10n } from '../../platform/index.ts';

/** A repository that a new off-site copy can be of. */
export interface CopyChoice {
  readonly location: string;
  readonly icon: 'cloud' | 'database';
  /** The sets that back up into it. */
  readonly sets: string;
}

/** The repositories of the sets, wherever they lie; one may have several copies. Not what is a copy itself. */
export function copyChoices(
  sets: readonly { readonly location: string; readonly title: string }[],
  copies: readonly { readonly location: string }[],
): CopyChoice[] {
  const taken = new Set(copies.map(({ location }) => location));
  const locations = [...new Set(sets.map(({ location }) => location))].filter((location) => !taken.has(location));
  return locations.map((location) => ({
    location,
    icon: isOnDrive(location) ? 'cloud' : 'database',
    sets: sets
      .filter((set) => set.location === location)
      .map(({ title }) => title)
      .join(', '),
  }));
}

/** What it means that the records do not go along. Only beside a copy on Google Drive there is room for a file that names the last one. */
export function noRecordsText(to: string): string {
  return isOnDrive(to)
    ? l10n.t('Only number and hash of the last one. When this server is lost, its records are, too.')
    : l10n.t('Nothing of them. When this server is lost, its records are, too.');
}
