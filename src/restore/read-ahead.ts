/** The same values in the same order, but up to `count` are made before they are asked for. The source is closed with it. */
export async function* readAhead<T>(source: AsyncGenerator<T, void, undefined>, count: number): AsyncGenerator<T, void, undefined> {
  const coming: Promise<IteratorResult<T, void>>[] = [];
  const pull = (): void => {
    const next = source.next();
    next.catch(() => undefined); // seen when its turn comes
    coming.push(next);
  };
  try {
    for (let i = 0; i <= count; i++) pull();
    for (let next = coming.shift(); next; next = coming.shift()) {
      const result = await next;
      if (result.done === true) return;
      pull();
      yield result.value;
    }
  } finally {
    await source.return();
  }
}
