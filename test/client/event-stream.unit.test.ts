import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMessages, type Message } from '../../src/client/event-stream.js';

async function read(...chunks: readonly (string | Uint8Array)[]): Promise<readonly Message[]> {
  const bytes = chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk));
  const messages: Message[] = [];
  for await (const one of readMessages(arriving(bytes))) messages.push(one);
  return messages;
}

async function* arriving(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield chunk;
  }
}

const message = (data: string | null, more: Partial<Message> = {}): Message => ({
  ...{ id: null, event: 'message', data },
  ...more,
});

describe('an event stream', () => {
  it('has a message for each block that an empty line ends', async () => {
    expect(await read('data: a\n\ndata:b\ndata: c\n\nevent: entry\ndata\n\n')).toEqual([
      message('a'),
      message('b\nc'),
      message('', { event: 'entry' }),
    ]);
  });

  it('keeps the last id for the messages after it', async () => {
    expect(await read('id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n')).toEqual([
      message('a', { id: '7' }),
      message('b', { id: '7' }),
      message('c', { id: '' }),
    ]);
  });

  it('shows comments, and ids without data, as signs of life', async () => {
    expect(await read(':\n\n: still here\nid: 9\n\n')).toEqual([message(null), message(null, { id: '9' })]);
  });

  it('drops what the end cuts off, ignores unknown fields and a byte order mark', async () => {
    expect(await read('\uFEFFdata: a\nretry: 10\nother: x\n\ndata: cut\n')).toEqual([message('a')]);
  });

  it('reads the same however it arrives, and however its lines end', async () => {
    const text = ': hello\n\nid: 1\nevent: entry\ndata: {"ä":"😀"}\n\ndata: b\n\n';
    const expected = await read(text);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.array(fc.nat({ max: 80 }), { maxLength: 20 }),
        async (end, cuts) => {
          const bytes = Buffer.from(text.replaceAll('\n', end));
          const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
          const chunks = places.slice(1).map((to, n) => bytes.subarray(places[n], to));
          expect(await read(...chunks)).toEqual(expected);
        },
      ),
    );
  });
});
