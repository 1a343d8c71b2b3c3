/** Shapes that have a title are written once, among the components, and referred to. */

type Node = Readonly<Record<string, unknown>>;

/** Members that hold values as they are, and no schemas. */
const IS_VALUE: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'example', 'examples']);

/** Where a title is the name of a schema, and not a member that is called so. */
const isNamed = (value: Node): value is Node & { readonly title: string } =>
  typeof value.title === 'string' && /^[A-Z]\w*$/.test(value.title);

/**
 * @param document OpenAPI 3.1, with shapes written out wherever they are used
 * @param given shapes that refer to themselves: the document only names them
 * @returns the document with each of them among `components.schemas`
 * @throws Error when two different shapes have one title
 */
export function nameShapes<Document extends object>(
  document: Document,
  given: Readonly<Record<string, object>>,
): Document {
  const schemas = new Map<string, unknown>(Object.entries(given));
  const written = new Map<string, string>();

  function refer(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(refer);
    if (typeof value !== 'object' || value === null) return value;
    const copy = Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, IS_VALUE.has(name) ? member : refer(member)]),
    );
    if (!isNamed(copy)) return copy;
    const { title, ...shape } = copy;
    const $ref = `#/components/schemas/${title}`;
    if (title in given) return { $ref, ...shape };
    const text = JSON.stringify(shape);
    if ((written.get(title) ?? text) !== text) throw new Error(`two shapes are called ${title}`);
    written.set(title, text);
    schemas.set(title, shape);
    return { $ref };
  }

  const named = refer(document) as Document;
  const sorted = Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ...named, components: { ...(named as { components?: object }).components, schemas: sorted } };
}
