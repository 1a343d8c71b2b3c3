import { expect, test } from 'vitest';
import { unlessAborted } from '../../src/postgres/unless-aborted.js';

const hangs = (): Promise<string> => new Promise(() => undefined);

test('work that ends has its own end', async () => {
  const { signal } = new AbortController();
  expect(await unlessAborted(Promise.resolve('done'))).toBe('done');
  expect(await unlessAborted(Promise.resolve('done'), signal)).toBe('done');
  await expect(unlessAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
});

test('work that hangs ends when it is aborted, at once when it was already', async () => {
  const stop = new AbortController();
  const reason = new Error('stopped');
  const waiting = unlessAborted(hangs(), stop.signal);
  stop.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(unlessAborted(hangs(), stop.signal)).rejects.toBe(reason);
});
