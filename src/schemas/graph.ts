/** Directed graphs of numbered nodes. */

/** by node: the nodes that it leads to, one as often as there are edges */
export type Edges = readonly (readonly number[])[];

/** The sets of nodes that lead to each other, or to themselves (Kosaraju and Sharir). Without recursion. */
export function loopsOf(edges: Edges): readonly ReadonlySet<number>[] {
  const leadingTo = reversed(edges);
  const loops: Set<number>[] = [];
  const placed = new Set<number>();
  for (const start of [...insideOut(edges)].reverse()) {
    const loop: number[] = [];
    finish(start, leadingTo, placed, loop);
    if (loop.length > 1 || (loop.length === 1 && edges[start]?.includes(start) === true)) {
      loops.push(new Set(loop));
    }
  }
  return loops;
}

/** All nodes in an order in which what a node leads to comes before it, as far as there are no loops. */
export function insideOut(edges: Edges): readonly number[] {
  const order: number[] = [];
  const seen = new Set<number>();
  for (const start of edges.keys()) finish(start, edges, seen, order);
  return order;
}

/** Depth first from a node over those not seen; each is put into `order` when all beyond it is. */
function finish(start: number, edges: Edges, seen: Set<number>, order: number[]): void {
  if (seen.has(start)) return;
  seen.add(start);
  const path = [{ node: start, next: 0 }];
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const to = edges[top.node]?.[top.next++];
    if (to === undefined) {
      order.push(top.node);
      path.pop();
    } else if (!seen.has(to)) {
      seen.add(to);
      path.push({ node: to, next: 0 });
    }
  }
}

export function reversed(edges: Edges): Edges {
  const result: number[][] = edges.map(() => []);
  edges.forEach((targets, from) => {
    for (const to of targets) result[to]?.push(from);
  });
  return result;
}
