import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PayloadIndexing } from '../../src/projector/payload-indexing.js';

describe('filling the payload index', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const indexing = (): { readonly fill: PayloadIndexing; readonly steps: () => number } => {
    const indexPayloads = vi.fn(() => Promise.resolve(false));
    const fill = new PayloadIndexing({ indexPayloads }, pino({ level: 'silent' }));
    return { fill, steps: () => indexPayloads.mock.calls.length };
  };

  /** The log comes to its end with many events, forty times a second. */
  const crowd = async (fill: PayloadIndexing, ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 25) {
      fill.calm(true);
      await vi.advanceTimersByTimeAsync(25);
    }
  };

  it('begins a moment after the log came to its end, however often it does', async () => {
    const { fill, steps } = indexing();
    for (let n = 0; n < 11; n += 1) {
      fill.calm();
      await vi.advanceTimersByTimeAsync(25);
    }
    expect(steps()).toBe(1);
  });

  it('waits while events come in numbers', async () => {
    const { fill, steps } = indexing();
    await crowd(fill, 5_000);
    expect(steps()).toBe(0);
    await vi.advanceTimersByTimeAsync(250);
    expect(steps()).toBe(1);
  });

  it('does not wait for ever', async () => {
    const { fill, steps } = indexing();
    await crowd(fill, 10_400);
    expect(steps()).toBe(1);
  });

  it('does nothing while events wait', async () => {
    const { fill, steps } = indexing();
    fill.calm();
    fill.busy();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(steps()).toBe(0);
  });
});
