import { afterAll, expect, test } from 'vitest';
import { openPostgresEventLog } from '../../../src/event-log/postgres/event-log.js';
import type { Position } from '../../../src/ledger/types.js';

const log = openPostgresEventLog({ url: 'postgres://nobody@127.0.0.1:1/nothing' });
afterAll(() => log.close());

test.each(['', 'C:7/P:7', '-1', '01', '1e3', ' 1'])(
  'a position that this log never gave out is a mistake of the caller: %j',
  async (text) => {
    const position = text as Position;
    const mistake = { code: 'invalid-input' };
    await expect(log.backlog(position)).rejects.toMatchObject(mistake);
    expect(() => log.comparePositions(position, '1' as Position)).toThrow(expect.objectContaining(mistake));
    const batches = log.subscribe({ after: position, signal: new AbortController().signal });
    await expect(batches[Symbol.asyncIterator]().next()).rejects.toMatchObject(mistake);
  },
);
