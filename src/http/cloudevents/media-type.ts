/** Media types with their parameters (RFC 2046; as HTTP writes them, RFC 9110, 8.3.1). */

export interface MediaType {
  /** `type/subtype` in lower case */
  readonly essence: string;
  /** by their names in lower case; values as they are, out of their quotes */
  readonly parameters: ReadonlyMap<string, string>;
}

/** RFC 9110, 5.6.2; as a regular expression. */
export const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const ESSENCE = new RegExp(`^(${TOKEN}/${TOKEN})[ \\t]*(?=;|$)`);
const QUOTED = '"((?:[\\t !#-\\[\\]-~]|\\\\[\\t -~])*)"';
const PARAMETER = new RegExp(`;[ \\t]*(${TOKEN})=(?:(${TOKEN})|${QUOTED})[ \\t]*(?=;|$)`, 'y');

/** @returns null for what is no media type, or names a parameter twice */
export function parseMediaType(text: string): MediaType | null {
  const [head, essence] = ESSENCE.exec(text) ?? [];
  if (head === undefined || essence === undefined) return null;
  const parameters = new Map<string, string>();
  for (let at = head.length; at < text.length; at = PARAMETER.lastIndex) {
    PARAMETER.lastIndex = at;
    const [whole, name = '', token, quoted = ''] = PARAMETER.exec(text) ?? [];
    if (whole === undefined || parameters.has(name.toLowerCase())) return null;
    parameters.set(name.toLowerCase(), token ?? quoted.replace(/\\(.)/g, '$1'));
  }
  return { essence: essence.toLowerCase(), parameters };
}

/** Whether content of this type is JSON: its subtype is `json`, or ends in `+json` (JSON Event Format, 3.1.1). */
export function isJson({ essence }: MediaType): boolean {
  return /\/(?:.*\+)?json$/.test(essence);
}

const TEXTS: ReadonlySet<string> = new Set([
  ...['application/ecmascript', 'application/graphql', 'application/javascript', 'application/sql'],
  ...['application/toml', 'application/x-ndjson', 'application/x-www-form-urlencoded', 'application/x-yaml'],
  ...['application/xml', 'application/xml-dtd', 'application/yaml'],
]);

/** Whether content of this type is text, as its name says or a charset, and UTF-8, unless another charset is told. */
export function isUtf8Text({ essence, parameters }: MediaType): boolean {
  const charset = parameters.get('charset')?.toLowerCase();
  if (charset !== undefined) return ['utf-8', 'utf8', 'us-ascii'].includes(charset);
  return essence.startsWith('text/') || /\+(?:xml|yaml)$/.test(essence) || TEXTS.has(essence);
}
