/** PostgreSQL's text holds no U+0000, and UTF-8 no lone surrogates: no entry has such a name. */
export function isStorable(text: string): boolean {
  return !/[\0\p{Cs}]/u.test(text);
}
