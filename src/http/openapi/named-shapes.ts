/** Shapes that have a title are written once, among the components, and referred to. */

type Node = Readonly<Record<string, unknown>>;

/** Where a title is the name of a schema, and not a member that is called so. */
const isNamed = (value: Node): value is Node & { readonly title: string } =>
  typeof value.title === 'string' && /^[A-Z]\w*$/.test(value.title);

/**
 * @param document OpenAPI 3.1, with shapes written out wherever they are used
 * @returns the document with each of them among `components.schemas`
 * @throws Error when two different shapes have one title
 */
export function nameShapes<Document extends object>(document: Document): Document {
  const { components = {} } = document as { readonly components?: { readonly schemas?: Node } };
  const schemas = new Map<string, unknown>(Object.entries(components.schemas ?? {}));
  const written = new Map<string, string>();

  function refer(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(refer);
    if (typeof value !== 'object' || value === null) return value;
    const copy = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, refer(member)]));
    if (!isNamed(copy)) return copy;
    const { title, ...shape } = copy;
    const text = JSON.stringify(shape);
    const before = written.get(title);
    if (before === undefined) {
      written.set(title, text);
      // one that refers to itself is given among the components, and only named here
      if (!schemas.has(title)) schemas.set(title, shape);
    } else if (before !== text) {
      throw new Error(`two shapes are called ${title}`);
    }
    return { $ref: `#/components/schemas/${title}` };
  }

  const named = refer(document) as Document;
  const sorted = Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ...named, components: { ...(named as { components?: object }).components, schemas: sorted } };
}
