/** The Prefer header (RFC 7240): what a client would like, and what of it the API honours. */
import { MAX_WAIT_SECONDS } from './limits.js';

export interface Preferences {
  /** seconds that the client is ready to wait for the ledger to have its event; null: do not wait */
  readonly wait: number | null;
  /** record what only the schema refuses */
  readonly lenient: boolean;
}

const NONE: Preferences = { wait: null, lenient: false };

// preference = token [ BWS "=" BWS word ] *( OWS ";" [ OWS parameter ] ), RFC 7240, 2; elements of a list may be empty,
// RFC 9110, 5.6.1.2
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const WORD = `(?:${TOKEN}|"(?:[^"\\\\]|\\\\.)*")`;
const PARAMETER = `${TOKEN}(?:[ \\t]*=[ \\t]*${WORD})?`;
const PREFERENCE = new RegExp(
  `[ \\t,]*(${TOKEN})(?:[ \\t]*=[ \\t]*(${WORD}))?(?:[ \\t]*;(?:[ \\t]*${PARAMETER})?)*[ \\t]*(?:,|$)`,
  'y',
);

/**
 * Of a preference that is given twice the first counts (RFC 7240, 2); unknown preferences and unknown values are
 * ignored, and so is everything from the first malformed preference on.
 * @param header fields that came several times, joined by commas
 */
export function readPreferences(header: string | undefined): Preferences {
  if (header === undefined) return NONE;
  const given = new Map<string, string>();
  PREFERENCE.lastIndex = 0;
  while (PREFERENCE.lastIndex < header.length) {
    const match = PREFERENCE.exec(header);
    if (match === null) break;
    const name = (match[1] ?? '').toLowerCase();
    if (!given.has(name)) given.set(name, unquote(match[2] ?? ''));
  }
  const wait = given.get('wait') ?? '';
  return {
    wait: /^\d{1,9}$/.test(wait) ? Math.min(Number(wait), MAX_WAIT_SECONDS) : null,
    lenient: given.get('handling')?.toLowerCase() === 'lenient',
  };
}

/** The value of Preference-Applied (RFC 7240, 3), null when nothing was honoured. */
export function appliedPreferences(applied: Preferences): string | null {
  const parts = [
    ...(applied.wait === null ? [] : [`wait=${applied.wait}`]),
    ...(applied.lenient ? ['handling=lenient'] : []),
  ];
  return parts.length === 0 ? null : parts.join(', ');
}

function unquote(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, '$1') : word;
}
