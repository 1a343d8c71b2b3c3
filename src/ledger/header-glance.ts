/** Reading a header's canonical bytes at a glance: nearly all are of one form, which leaves nothing to be parsed. */
import { Following } from './following.js';
import { misfit } from './header-form.js';
import type { Header } from './types.js';

const HASH_DIGITS = 64;

/**
 * The header that these bytes are the canonical form of. Null says nothing: they may be all the same, with characters that
 * are rare in one. Takes bytes of any kind.
 */
export function headerAtAGlance(bytes: Buffer): Header | null {
  // a byte that is not ASCII fits nothing that follows
  const text = new Following(bytes.toString('latin1'));
  const draft: Record<keyof Header, unknown> = {
    actor: text.take('{"actor":') ? text.stringOrNull() : undefined,
    content: text.take(',"content":"') ? text.characters(HASH_DIGITS) : undefined,
    id: text.take('","id":') ? text.string() : undefined,
    index: text.take(',"index":') ? text.count() : undefined,
    occurredAt: text.take(',"occurredAt":') ? text.stringOrNull() : undefined,
    previous: text.take(',"previous":"') ? text.characters(HASH_DIGITS) : undefined,
    previousInSource: text.take('","previousInSource":') ? text.stringOrNull() : undefined,
    recordedAt: text.take(',"recordedAt":') ? text.string() : undefined,
    recordedBy: text.take(',"recordedBy":') ? text.stringOrNull() : undefined,
    revision: text.take(',"revision":') ? text.count() : undefined,
    schema: text.take(',"schema":') ? text.stringOrNull() : undefined,
    source: text.take(',"source":') ? text.string() : undefined,
    type: text.take(',"type":') ? text.string() : undefined,
    v: text.take(',"v":1') ? 1 : undefined,
    verdict: text.take(',"verdict":') ? text.string() : undefined,
  };
  const isWhole = text.take('}') && text.isOver;
  return isWhole && misfit(draft) === null ? (draft as unknown as Header) : null;
}
