import { describe, expect, it } from 'vitest';
import {
  isJson,
  isUtf8Text,
  parseMediaType,
  type MediaType,
} from '../../../src/http/cloudevents/media-type.js';

const parsed = (text: string): MediaType => {
  const type = parseMediaType(text);
  if (type === null) throw new Error(`${text} is no media type`);
  return type;
};

describe('a media type', () => {
  it('has parameters, in quotes or not', () => {
    const { essence, parameters } = parsed('Multipart/Form-Data ; Boundary="a;\\"b\\"" ;charset=UTF-8');
    expect(essence).toBe('multipart/form-data');
    expect([...parameters]).toEqual([
      ['boundary', 'a;"b"'],
      ['charset', 'UTF-8'],
    ]);
  });

  it.each([
    'xyz',
    '',
    '/',
    'a/',
    '/b',
    'a/b c',
    'a/b;',
    'a/b; c',
    'a/b; c="d',
    'a/b;c=d;C=e',
    'a/b, c/d',
    'é/b',
    'a/b\n',
  ])('is not %j', (text) => {
    expect(parseMediaType(text)).toBeNull();
  });

  it.each(['application/json', 'text/JSON; a=b', 'application/ld+json', 'application/geo+json-seq+json'])(
    '%s is JSON',
    (text) => {
      expect(isJson(parsed(text))).toBe(true);
    },
  );

  it.each([
    'application/jsonx',
    'application/xjson',
    'application/json-seq',
    'application/x-ndjson',
    'json/xml',
  ])('%s is no JSON', (text) => {
    expect(isJson(parsed(text))).toBe(false);
  });

  it.each([
    'text/plain',
    'application/soap+xml',
    'application/x-a; charset="UTF-8"',
    'text/csv;charset=us-ascii',
  ])('%s is text', (text) => {
    expect(isUtf8Text(parsed(text))).toBe(true);
  });

  it.each([
    'image/png',
    'application/octet-stream',
    'text/plain; charset=iso-8859-1',
    'application/vnd.apache.thrift.binary',
  ])('%s is bytes', (text) => {
    expect(isUtf8Text(parsed(text))).toBe(false);
  });
});
