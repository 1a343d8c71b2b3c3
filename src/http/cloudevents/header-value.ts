/** Values of header fields as attributes (HTTP Protocol Binding for CloudEvents 1.0, 3.1.3.2). */
import { decodeUtf8 } from '../../ledger/utf8.js';

const QUOTED = /^"(?:[^"\\]|\\.)*"$/;
const ESCAPED = /%([0-9A-Fa-f]{2})/g;

/**
 * What a field says: out of double quotes, in which older senders put it, and then percent-decoded, once.
 * @returns `problem`: why it says nothing
 */
export function decodeFieldValue(field: string): { readonly value: string } | { readonly problem: string } {
  if (/[^\t -~]/.test(field))
    return { problem: 'must have printable ASCII only, the rest percent-encoded as UTF-8' };
  if (field.startsWith('"') && !QUOTED.test(field))
    return { problem: 'must end with the quote that it begins with' };
  const text = field.startsWith('"') ? field.slice(1, -1).replace(/\\(.)/g, '$1') : field;
  if (!text.includes('%')) return { value: text };
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return { problem: 'must have two hexadecimal digits after each %' };
  const bytes = text.replace(ESCAPED, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
  const value = decodeUtf8(Buffer.from(bytes, 'latin1'));
  return value === null ? { problem: 'must be percent-encoded UTF-8' } : { value };
}
