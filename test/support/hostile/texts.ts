/** Texts that have broken other programs. */

export const LONG_TEXTS: readonly string[] = [
  'a'.repeat(20_000),
  `${'a'.repeat(5_000)}!`,
  'é'.repeat(512),
  '9'.repeat(400),
  '('.repeat(2_000),
  `${' '.repeat(3_000)}x`,
  'a.'.repeat(2_000),
  '/~1'.repeat(2_000),
  `2026-11-20T10:00:00.${'0'.repeat(3_000)}Z`,
];

export const TEXTS: readonly string[] = [
  // paths
  '../../../../etc/passwd',
  '..%2f..%2f..%2fetc%2fpasswd',
  '%2e%2e/%2e%2e/x',
  '..\\..\\windows\\win.ini',
  '....//....//x',
  '/etc/passwd%00.json',
  'file:///etc/passwd',
  'http://169.254.169.254/latest/',
  // nothing, and nearly nothing
  '\0',
  'a\0b',
  '%00',
  ' ',
  '\t',
  '\u007f',
  // names that objects have
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__proto__.polluted',
  'constructor.prototype.polluted',
  '/__proto__/polluted',
  // other languages
  "' OR 1=1 --",
  "'; DROP TABLE ledger.entry; --",
  '$1',
  '\\',
  '${jndi:ldap://127.0.0.1:1/a}',
  '{{7*7}}',
  '$(id)',
  '`id`',
  '<script>alert(1)</script>',
  '%s%n%x%d',
  '=1+1',
  // a second line, a second answer
  '\r\nset-cookie: a=b',
  '\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  // patterns
  '(a+)+$',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '[',
  '\\u{110000}',
  // Unicode
  '\ud800',
  '\uffff',
  '\u{10ffff}',
  '\u202e',
  '\u200b',
  '\ufeff',
  'İ',
  'ﬀ',
  'e\u0301',
  // numbers and times
  '-0',
  '-1',
  '1e309',
  '1e-400',
  '0x10',
  'NaN',
  'Infinity',
  '٣',
  '9007199254740993',
  '-9223372036854775809',
  '18446744073709551616',
  '2026-02-30T00:00:00Z',
  '+275760-09-13T00:00:00.001Z',
  '0000-01-01T00:00:00Z',
  '2026-11-20T10:00:00+99:99',
  // cursors
  'AAAA',
  '====',
  'AAAAAAAAAAAAAAAAMQ',
  'AAAAAAAAAAAAAAAALTk5OTk5OTk5OTk5OTk5OTk',
  '-_-_-_-_-_-_-_-_-_-_',
  // ranges
  'bytes=0-',
  'bytes=-1,0-0,1-1',
  '0..1',
  // what is reserved
  '_schemas',
  '_access',
  '$all',
  '~sha256:00',
  '.',
  '..',
];

/** As it stands in a URL; a lone surrogate has no such form, and becomes U+FFFD. */
export function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

/** As nobody should write it there, or in a header field: its bytes, one character each. */
export function unencoded(text: string): string {
  return Buffer.from(text).toString('latin1');
}
