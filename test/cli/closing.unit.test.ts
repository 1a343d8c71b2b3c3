import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { closeInTime, endInTime, type Closable } from '../../src/cli/closing.js';

let closed: string[];
let logged: string[];
let exits: (string | number | null | undefined)[];
const logger = pino({}, { write: (line: string) => logged.push(line) });

beforeEach(() => {
  [closed, logged, exits] = [[], [], []];
  vi.useFakeTimers();
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    exits.push(code);
    return undefined as never;
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function part(name: string, close: () => Promise<void> = () => Promise.resolve()): Closable {
  return {
    name,
    close() {
      closed.push(name);
      return close();
    },
  };
}

describe('closing', () => {
  it('closes the parts before what they stand on', async () => {
    expect(await closeInTime([part('api'), part('projector')], part('stores'), logger)).toBe(true);
    expect(closed).toEqual(['api', 'projector', 'stores']);
    expect(logged).toEqual([]);
  });

  it('closes all others when one fails, and says which did', async () => {
    const broken = part('api', () => Promise.reject(new Error('no')));
    expect(await closeInTime([broken, part('projector')], part('stores'), logger)).toBe(false);
    expect(closed).toEqual(['api', 'projector', 'stores']);
    expect(logged.join('')).toContain('"part":"api"');
  });

  it('takes less than 5 s, whatever hangs, and then ends the process', async () => {
    const hangs = (): Promise<void> => new Promise(() => undefined);
    const closing = closeInTime([part('api', hangs), part('projector')], part('stores', hangs), logger);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(await closing).toBe(false);
    expect(closed).toEqual(['api', 'projector', 'stores']);
    expect(exits.length).toBe(1);
  });

  it('ends the process in time also when nothing is there to be closed yet', async () => {
    const stop = new AbortController();
    endInTime(stop.signal);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(exits).toEqual([]);
    stop.abort();
    await vi.advanceTimersByTimeAsync(4_900);
    expect(exits).toEqual([3]);
  });
});
