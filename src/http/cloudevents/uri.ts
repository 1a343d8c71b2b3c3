/** URIs and references to them (RFC 3986), told without taking them apart. */
import { isIPv6 } from 'node:net';

const ESCAPED = '%[0-9A-Fa-f]{2}';
const PLAIN = "-A-Za-z0-9._~!$&'()*+,;=";
const SCHEME = '[A-Za-z][A-Za-z0-9+.-]*:';
const USER = `(?:(?:[${PLAIN}:]|${ESCAPED})*@)?`;
const HOST = `(?:\\[(?<literal>[^\\]]*)\\]|(?:[${PLAIN}]|${ESCAPED})*)`;
const AUTHORITY = `//${USER}${HOST}(?::[0-9]*)?`;
const SEGMENTS = `(?:[${PLAIN}:@/]|${ESCAPED})*`;
/** No path begins with two slashes where no authority does. */
const LONELY_PATH = `(?!//)${SEGMENTS}`;
/** What a colon in its first segment would make a scheme of. */
const RELATIVE_PATH = `(?![^/?#]*:)${LONELY_PATH}`;
const QUERY = `(?:\\?(?:[${PLAIN}:@/?]|${ESCAPED})*)?`;
const FRAGMENT = `(?:#(?:[${PLAIN}:@/?]|${ESCAPED})*)?`;

/** After an authority the path is empty or begins with a slash. */
const WITH_AUTHORITY = `${AUTHORITY}(?:/${SEGMENTS})?`;
const URI = new RegExp(`^${SCHEME}(?:${WITH_AUTHORITY}|${LONELY_PATH})${QUERY}${FRAGMENT}$`);
const RELATIVE = new RegExp(`^(?:${WITH_AUTHORITY}|${RELATIVE_PATH})${QUERY}${FRAGMENT}$`);

/** `v`, a version, and an address of it (RFC 3986, 3.2.2). */
const ADDRESS_OF_THE_FUTURE = new RegExp(`^[Vv][0-9A-Fa-f]+\\.[${PLAIN}:]+$`);

/** Whether a text is a URI (RFC 3986, 3): with a scheme; a fragment is allowed. */
export function isUri(text: string): boolean {
  return fits(text, URI);
}

/** Whether a text is a URI-reference (RFC 3986, 4.1): a URI, or relative to one. */
export function isUriReference(text: string): boolean {
  return isUri(text) || fits(text, RELATIVE);
}

function fits(text: string, pattern: RegExp): boolean {
  const match = pattern.exec(text);
  if (match === null) return false;
  const literal = match.groups?.literal;
  return literal === undefined || isAddress(literal);
}

/** What may stand in brackets; a zone (RFC 6874) is none of RFC 3986. */
function isAddress(literal: string): boolean {
  return (isIPv6(literal) && !literal.includes('%')) || ADDRESS_OF_THE_FUTURE.test(literal);
}
