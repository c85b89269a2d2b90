import { drivePathOf, isOnDrive, type ErrorFacts } from '../platform/index.ts';
import type { LooseProblem } from './issue-problems.ts';
import { nearestNode, propertyOf, valueOf, type Node } from './json-tree.ts';
import type { Configuration, OffsiteCopy } from './schema.ts';

/** Something of the configuration that has a folder on Google Drive. */
interface DrivePlace {
  readonly kind: 'copy' | 'readable' | 'set' | 'original';
  readonly name: string;
  /** As it is written. */
  readonly location: string;
  /** From the root of the file, and what to underline. */
  readonly path: readonly PropertyKey[];
  readonly at: Node;
  /** The off-site copy that stops; undefined for a set, whose nights go on. */
  readonly copy: number | undefined;
}

export interface Collision {
  /** Which of the copies of the file. */
  readonly copy: number;
  readonly problem: LooseProblem;
}

/** Beside the copy: inside, it would be a stranger in a repository. */
export function readableFolderOf(to: string): string {
  return `${to.replace(/\/+$/, '')}-readable`;
}

/**
 * Off-site copies whose folder is not theirs alone. What lies in a copy's folder is compared with its repository and removed by it, so
 * nothing else may be there, below it, or around it. Who collides stops; a set with its repository in the way goes on, and the copy stops
 * alone. Several sets may have one repository, and several copies one folder for their readable copies, of which each knows its own.
 * @param copies those that are right otherwise, by their place in the list. @param lineOf the line of a node
 */
export function collisionsOnDrive(root: Node, copies: ReadonlyMap<number, OffsiteCopy>, lineOf: (node: Node) => number): Collision[] {
  const places = [...[...copies].flatMap(([at, copy]) => placesOfCopy(root, at, copy)), ...placesOfSets(root)];
  return places.flatMap((place): Collision[] => {
    const { copy } = place;
    const isInTheWay = (other: DrivePlace): boolean =>
      other !== place && isRefused(place, other) && isConcerned(place, other) && relationOf(place, other) !== undefined;
    const other = copy === undefined ? undefined : places.find(isInTheWay);
    if (copy === undefined || other === undefined) return [];
    const facts: ErrorFacts = {
      location: place.location,
      relation: relationOf(place, other),
      other: other.kind,
      name: other.name,
      otherLocation: other.location,
      otherLine: lineOf(other.at),
    };
    return [{ copy, problem: { code: 'shared-folder', facts, path: place.path, at: place.at } }];
  });
}

/** Whether nothing of the configuration has a folder of this copy, or one in or around it. Its own entry does not count. */
export function isAlone(copy: OffsiteCopy, { sets, offsiteCopies }: Pick<Configuration, 'sets' | 'offsiteCopies'>): boolean {
  const others = offsiteCopies.filter(({ name }) => name !== copy.name);
  const inTheWay = [...others.flatMap(foldersOnDrive), ...sets.map(({ repository }) => repository.location).filter(isOnDrive)];
  const collide = (one: string, two: string): boolean => relationOf({ location: one }, { location: two }) !== undefined;
  return (
    !inTheWay.some((other) => collide(copy.to, other)) && !foldersOnDrive(copy).some((own) => others.some(({ to }) => collide(own, to)))
  );
}

function foldersOnDrive({ to, readableCopies }: OffsiteCopy): string[] {
  const readable = readableCopies && (readableCopies.to ?? readableFolderOf(to));
  return [to, ...(readable !== undefined && isOnDrive(readable) ? [readable] : [])];
}

function placesOfCopy(root: Node, copy: number, { name, repository, to, readableCopies }: OffsiteCopy): DrivePlace[] {
  const place = (kind: 'copy' | 'readable' | 'original', location: string, ...keys: readonly string[]): DrivePlace => {
    const path = ['offsiteCopies', copy, ...keys];
    return { kind, name, location, path, at: nearestNode(root, path).node, copy };
  };
  const copied = [place('copy', to, 'to'), ...(isOnDrive(repository) ? [place('original', repository, 'repository')] : [])];
  if (readableCopies === undefined) return copied;
  const { to: readable } = readableCopies;
  if (readable === undefined) return [...copied, place('readable', readableFolderOf(to), 'readableCopies')];
  return isOnDrive(readable) ? [...copied, place('readable', readable, 'readableCopies', 'to')] : copied;
}

/** Of all sets, also those with a mistake: what is used in the place of such a set has the same repository, most likely. */
function placesOfSets(root: Node): DrivePlace[] {
  return (propertyOf(root, 'sets')?.value?.children ?? []).flatMap((set, number): DrivePlace[] => {
    const path = ['sets', number, 'repository', 'location'];
    const { node, isExact } = nearestNode(root, path);
    const location = isExact ? valueOf(node) : undefined;
    if (typeof location !== 'string' || !isOnDrive(location)) return [];
    const name = propertyOf(set, 'name')?.value;
    return [{ kind: 'set', name: name === undefined ? '' : String(valueOf(name)), location, path, at: node, copy: undefined }];
  });
}

/** Whether the first may not have a folder in common with the second. */
function isRefused({ kind }: DrivePlace, { kind: other }: DrivePlace): boolean {
  return kind === 'copy' || (kind === 'readable' && (other === 'copy' || other === 'original'));
}

/** What is copied to one folder may itself be the copy that lies in another. */
function isConcerned(place: DrivePlace, other: DrivePlace): boolean {
  return other.kind !== 'original' || other.copy === place.copy;
}

/** How the folder of the first lies to that of the second; undefined: apart. */
function relationOf(place: Pick<DrivePlace, 'location'>, other: Pick<DrivePlace, 'location'>): 'same' | 'inside' | 'around' | undefined {
  const [one, two] = [foldersOf(place.location), foldersOf(other.location)];
  const isWithin = (inner: readonly string[], outer: readonly string[]): boolean => outer.every((folder, at) => folder === inner[at]);
  if (!isWithin(one, two) && !isWithin(two, one)) return undefined;
  return one.length === two.length ? 'same' : one.length > two.length ? 'inside' : 'around';
}

/**
 * Drive has folders apart whose names differ in case or in how letters are composed; but its search by name does not tell them apart, nor
 * do the disks onto which people download, nor people. Slashes are ours.
 */
function foldersOf(location: string): readonly string[] {
  const names = drivePathOf(location).split('/');
  return names.map((name) => name.normalize('NFC').trim().toLowerCase()).filter((name) => name !== '');
}
