/** References within a schema: to what stands in it, and to the meta-schema; to nothing else. */
import type { Place, Survey } from './survey.js';
import { SchemaRefused } from './survey.js';
import { META_SCHEMA, REFERENCE_KEYWORDS } from './vocabulary.js';

export type Target = Place | 'meta-schema';

/**
 * What each reference of a place refers to.
 *
 * A schema is one resource (`$id` at the root only), so that a `$dynamicRef` finds its `$dynamicAnchor` there: it
 * refers to what a `$ref` would (JSON Schema Core, 8.2.3.2).
 * @throws SchemaRefused
 */
export function referencesOf(place: Place, survey: Survey): readonly Target[] {
  const { schema, tokens } = place;
  if (typeof schema === 'boolean') return [];
  return [...REFERENCE_KEYWORDS].flatMap((keyword) => {
    const reference = schema[keyword];
    if (typeof reference !== 'string') return [];
    const target = resolve(reference, survey);
    if (target !== null && (target !== 'meta-schema' || keyword === '$ref')) return [target];
    const detail = 'must refer to a subschema of this schema, or by $ref to the meta-schema';
    throw new SchemaRefused([...tokens, keyword], keyword, detail);
  });
}

function resolve(reference: string, { root, anchors }: Survey): Target | null {
  const hash = reference.indexOf('#');
  const base = hash === -1 ? reference : reference.slice(0, hash);
  const fragment = decode(hash === -1 ? '' : reference.slice(hash + 1));
  if (base === META_SCHEMA) return fragment === '' ? 'meta-schema' : null;
  if (fragment === null || (base !== '' && base !== idOf(root))) return null;
  if (fragment === '') return root;
  if (!fragment.startsWith('/')) return anchors.get(fragment) ?? null;
  const tokens = fragment.split('/').slice(1);
  return placeAt(
    root,
    tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~')),
  );
}

function idOf({ schema }: Place): string | null {
  const id = typeof schema === 'boolean' ? undefined : schema.$id;
  return typeof id === 'string' ? id.replace(/#$/, '') : null;
}

function decode(fragment: string): string | null {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return null;
  }
}

function placeAt(root: Place, tokens: readonly string[]): Place | null {
  let place = root;
  for (let i = 0; i < tokens.length;) {
    const keyword = tokens[i++];
    const candidates = place.children.filter((child) => child.keyword === keyword);
    const name = candidates[0]?.name === null ? null : tokens[i++];
    const found = candidates.find((child) => child.name === name);
    if (found === undefined) return null;
    place = found.place;
  }
  return place;
}
