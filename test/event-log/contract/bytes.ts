/** What is recorded comes back to the byte. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { candidate, everything } from '../../support/event-log.js';
import { appendOne, newSource, read, type LogUnderTest } from './log-under-test.js';

/** Bytes that are easily changed on the way: data, metadata. */
const BYTES: Readonly<Record<string, readonly [Buffer | string, Buffer | string]>> = {
  'numbers as names': ['{"10":1,"9":2}', '{"10":1,"9":2}'],
  'white space, 1.0 and a name twice': ['{"b" : 1.0,"a":1,"a":2}', '{"b" : 1.0,"a":1,"a":2}'],
  'numbers that no double holds': ['{"n":9007199254740993,"e":1e400}', '{"n":0.10000000000000001}'],
  'invalid UTF-8': [Buffer.from([0x22, 0xff, 0xfe, 0xc0, 0x80, 0x22]), Buffer.from([0xed, 0xa0, 0x80])],
  'every byte': [Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), Buffer.from([0])],
  'a byte order mark': ['\ufeff{}', '\ufeff{}'],
  'no data': ['', '{"v":1}'],
  'no metadata': ['{}', ''],
  'no bytes at all': ['', ''],
  '3 MB of metadata': ['null', Buffer.alloc(3_000_000, 'm')],
};

const NAMES: Readonly<Record<string, string>> = {
  'a plain name': 'billing',
  spaces: ' the  billing service ',
  slashes: 'a/../b//c/.',
  emoji: '🧾-👩‍👩‍👧‍👦',
  NUL: 'nul\u0000in the middle',
  'NUL first': '\u0000',
  'a tilde after NUL': '\u0000~',
  '4,000 characters': 'ж'.repeat(4_000),
  '31 bytes': 'x'.repeat(31),
  '32 bytes': 'x'.repeat(32),
  'a dollar': '$type',
  'percent signs and quotes': `%2F'"\\x41`,
};

export function bytesContract({ log, emptyTypes }: LogUnderTest): void {
  describe('bytes and names', () => {
    test.each(Object.entries(BYTES))('gives back the recorded bytes: %s', async (_name, [data, metadata]) => {
      const given = candidate({ data, metadata });
      const event = await appendOne(log(), newSource(), given);
      expect(event.data.equals(given.data)).toBe(true);
      expect(event.metadata.equals(given.metadata)).toBe(true);
    });

    test.each(Object.entries(NAMES))('keeps a source and a type as they are: %s', async (_name, name) => {
      const source = `${name}${randomUUID()}`;
      const event = await appendOne(log(), source, candidate({ type: name }));
      expect([event.source, event.type, event.revision]).toEqual([source, name, 0]);
    });

    test('takes an empty source', async () => {
      const event = await appendOne(log(), '', candidate());
      expect([event.source, event.type]).toEqual(['', 'user.login']);
    });

    test(`an empty type is ${emptyTypes}`, async () => {
      const source = newSource();
      const [outcome] = await log().append(source, [candidate({ type: '' })]);
      expect(outcome?.status).toBe(emptyTypes === 'taken' ? 'appended' : 'refused');
      expect((await read(log(), source)).map(({ type }) => type)).toEqual(emptyTypes === 'taken' ? [''] : []);
    });

    test('the subscription gives the same event as the stream', async () => {
      const source = newSource();
      const newest = await log().newest();
      const event = await appendOne(log(), source, candidate({ data: '{"b" : 1.0}', metadata: '\u0000' }));
      expect(await everything(log(), newest)).toEqual([event]);
    });
  });
}
