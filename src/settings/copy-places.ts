import { isOnDrive, type ErrorFacts } from '../platform/index.ts';
import type { LooseProblem } from './issue-problems.ts';
import { nearestNode, propertyOf, valueOf, type Node } from './json-tree.ts';
import { placePartsOf } from './place-parts.ts';
import type { Configuration, OffsiteCopy } from './schema.ts';

/** Something of the configuration that has a place of its own: a folder, a folder on Google Drive, or one on a server. */
interface CopyPlaceInFile {
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

/** Beside a copy on Google Drive: inside, it would be a stranger in a repository. */
export function readableFolderOf(to: string): string {
  return `${to.replace(/\/+$/, '')}-readable`;
}

/**
 * Off-site copies whose place is not theirs alone. What lies in a copy's folder is compared with its repository and removed by it, so
 * nothing else may be there, below it, or around it. Who collides stops; a set with its repository in the way goes on, and the copy stops
 * alone. Several sets may have one repository, and several copies one folder for their readable copies, of which each knows its own.
 * @param copies those that are right otherwise, by their place in the list. @param lineOf the line of a node
 */
export function collisionsOfCopies(root: Node, copies: ReadonlyMap<number, OffsiteCopy>, lineOf: (node: Node) => number): Collision[] {
  const places = [...[...copies].flatMap(([at, copy]) => placesOfCopy(root, at, copy)), ...placesOfSets(root)];
  return places.flatMap((place): Collision[] => {
    const { copy } = place;
    const isInTheWay = (other: CopyPlaceInFile): boolean =>
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
  const inTheWay = [...others.flatMap(placesOwnedBy), copy.repository, ...sets.map(({ repository }) => repository.location)];
  const collide = (one: string, two: string): boolean => relationOf({ location: one }, { location: two }) !== undefined;
  return (
    !inTheWay.some((other) => collide(copy.to, other)) && !placesOwnedBy(copy).some((own) => others.some(({ to }) => collide(own, to)))
  );
}

function placesOwnedBy({ to, readableCopies }: OffsiteCopy): string[] {
  const readable = readableCopies && readablePlaceIn(to, readableCopies);
  return [to, ...(readable === undefined ? [] : [readable])];
}

/** Undefined where one has to be named, and is not. */
function readablePlaceIn(to: string, { to: named }: NonNullable<OffsiteCopy['readableCopies']>): string | undefined {
  return named ?? (isOnDrive(to) ? readableFolderOf(to) : undefined);
}

function placesOfCopy(root: Node, copy: number, { name, repository, to, readableCopies }: OffsiteCopy): CopyPlaceInFile[] {
  const place = (kind: 'copy' | 'readable' | 'original', location: string, ...keys: readonly string[]): CopyPlaceInFile => {
    const path = ['offsiteCopies', copy, ...keys];
    return { kind, name, location, path, at: nearestNode(root, path).node, copy };
  };
  const copied = [place('copy', to, 'to'), place('original', repository, 'repository')];
  if (readableCopies === undefined) return copied;
  const readable = readablePlaceIn(to, readableCopies);
  if (readable === undefined) return copied;
  const keys = readableCopies.to === undefined ? ['readableCopies'] : ['readableCopies', 'to'];
  return [...copied, place('readable', readable, ...keys)];
}

/** Of all sets, also those with a mistake: what is used in the place of such a set has the same repository, most likely. */
function placesOfSets(root: Node): CopyPlaceInFile[] {
  return (propertyOf(root, 'sets')?.value?.children ?? []).flatMap((set, number): CopyPlaceInFile[] => {
    const path = ['sets', number, 'repository', 'location'];
    const { node, isExact } = nearestNode(root, path);
    const location = isExact ? valueOf(node) : undefined;
    if (typeof location !== 'string') return [];
    const name = propertyOf(set, 'name')?.value;
    return [{ kind: 'set', name: name === undefined ? '' : String(valueOf(name)), location, path, at: node, copy: undefined }];
  });
}

/** Whether the first may not have a folder in common with the second. */
function isRefused({ kind }: CopyPlaceInFile, { kind: other }: CopyPlaceInFile): boolean {
  return kind === 'copy' || (kind === 'readable' && (other === 'copy' || other === 'original'));
}

/** What is copied to one folder may itself be the copy that lies in another. */
function isConcerned(place: CopyPlaceInFile, other: CopyPlaceInFile): boolean {
  return other.kind !== 'original' || other.copy === place.copy;
}

/** How the folder of the first lies to that of the second; undefined: apart. */
function relationOf(
  place: Pick<CopyPlaceInFile, 'location'>,
  other: Pick<CopyPlaceInFile, 'location'>,
): 'same' | 'inside' | 'around' | undefined {
  const [one, two] = [placePartsOf(place.location), placePartsOf(other.location)];
  const isWithin = (inner: readonly string[], outer: readonly string[]): boolean => outer.every((folder, at) => folder === inner[at]);
  if (!isWithin(one, two) && !isWithin(two, one)) return undefined;
  return one.length === two.length ? 'same' : one.length > two.length ? 'inside' : 'around';
}
