/** What many ask for at once, and looking for costs something. */

/**
 * One look at a time, and its result for a moment.
 * @param freshMs asked again within so long after a look, the answer is that of the look
 */
export function shared<Value>(look: () => Promise<Value>, freshMs: number): () => Promise<Value> {
  let current: Promise<Value> | null = null;
  let seenAt = -Infinity;
  return () => {
    if (current !== null && performance.now() - seenAt < freshMs) return current;
    seenAt = Infinity;
    current = look().finally(() => (seenAt = performance.now()));
    return current;
  };
}
