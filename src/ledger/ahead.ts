/** Asking for the next item while the last one is worked on. */

/** The same items; one is asked for before it is needed. Leaving the loop ends the source. */
export async function* ahead<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item, void, void> {
  const iterator = items[Symbol.asyncIterator]();
  const ask = (): Promise<IteratorResult<Item>> => {
    const asked = iterator.next();
    // when the loop is left before it is awaited, its failure is nobody's business
    asked.catch(() => undefined);
    return asked;
  };
  let upcoming = ask();
  try {
    for (;;) {
      const result = await upcoming;
      if (result.done === true) return;
      upcoming = ask();
      yield result.value;
    }
  } finally {
    await iterator.return?.();
  }
}
