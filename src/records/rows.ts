/**
 * What follows each other and is the same, together. Pure.
 * @param items in their order; undefined ends a row
 * @param isSame whether one goes on with the row of the one before; default: it does
 */
export function rowsOf<Item>(
  items: readonly (Item | undefined)[],
  isSame: (item: Item, before: Item) => boolean = () => true,
): readonly (readonly [Item, ...Item[]])[] {
  const rows: [Item, ...Item[]][] = [];
  let row: [Item, ...Item[]] | undefined;
  for (const item of items) {
    const before = row?.at(-1);
    if (item === undefined) row = undefined;
    else if (row && before !== undefined && isSame(item, before)) row.push(item);
    else rows.push((row = [item]));
  }
  return rows;
}
