import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isUri, isUriReference } from '../../../src/http/cloudevents/uri.js';

describe('a URI-reference (RFC 3986)', () => {
  it.each([
    'https://github.com/cloudevents',
    'mailto:cncf-wg-serverless@lists.cncf.io',
    'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66',
    '/cloudevents/spec/pull/123',
    '/sensors/tn-1234567/alerts',
    '1-555-123-4567',
    '#fragment',
    '?a=b/c?d',
    '//authority/path',
    '//[::1]:8080',
    'http://[v1.fe:d]/',
    "http://u:p@h:80/a;b=1,2/(c)'*+!$&?q#f",
    'billing',
    'a%20b',
    'a/b:c',
    'x:',
    '',
    '~order%20service',
  ])('is %j', (text) => {
    expect(isUriReference(text)).toBe(true);
  });

  it.each([
    'order service',
    'é',
    'a%2',
    'a%zz',
    '1a:b',
    '~sha256:00',
    ':a',
    '//[::1',
    '//[::zz]/',
    '//[fe80::1%25eth0]/',
    '//h:port/',
    '//a//b:c]',
    '<a>',
    'a"b',
    'a\\b',
    'a^b',
    'a|b',
    'a{b}',
    'a`b',
    '#a#b',
    'a\nb',
    'x\n',
  ])('is not %j', (text) => {
    expect(isUriReference(text)).toBe(false);
  });

  it('is any text that is percent-encoded, and what a browser makes a URL of', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.webUrl({ withFragments: true, withQueryParameters: true }),
        (text, url) => {
          expect(isUriReference(`~${encodeURIComponent(text)}`)).toBe(true);
          expect(isUri(url)).toBe(true);
        },
      ),
    );
  });

  it('is told in a time that grows with the text alone', () => {
    for (const text of [
      'a'.repeat(1e6),
      '%20'.repeat(3e5),
      `//${'a@'.repeat(5e5)}`,
      `${'a:'.repeat(5e5)} `,
      '/'.repeat(1e6),
    ]) {
      const started = process.cpuUsage();
      isUriReference(`${text}\0`);
      expect(process.cpuUsage(started).user / 1_000).toBeLessThan(1_000);
    }
  });
});

describe('a URI', () => {
  it.each(['http://example.com/schema#/defs/a', 'urn:a:b', 'x:'])('is %j', (text) => {
    expect(isUri(text)).toBe(true);
  });
  it.each(['/schema', '//host/schema', 'schema', '', '1x:y', 'http://a b'])('is not %j', (text) => {
    expect(isUri(text)).toBe(false);
  });
});
