import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError, connectToLedger, type LedgerClient, type TailedLine } from '../../src/client/index.js';
import { asSuperuser } from '../support/database.js';
import { newSource, PASSWORD, startApi, type TestApi } from '../support/api.js';

interface Page {
  readonly events: readonly {
    readonly entry: { readonly id: string; readonly index: number };
    readonly payload: unknown;
  }[];
}

describe('the client', () => {
  let api: TestApi;
  let ledger: LedgerClient;
  beforeAll(async () => {
    api = await startApi();
    ledger = connectToLedger({ url: `${api.url}/`, password: PASSWORD });
  });
  afterAll(async () => {
    await ledger.close();
    await api.close();
  });

  const payloadsOf = async (source: string): Promise<readonly unknown[]> => {
    await api.caughtUp();
    const { body } = await api.get<Page>(`/v1/events?source=${source}&order=asc&limit=500`);
    return body.events.map(({ payload }) => payload);
  };

  describe('record', () => {
    it('resolves once the log has the event, and once the ledger has it, if that is waited for', async () => {
      const source = newSource();
      const event = {
        source,
        type: 't',
        payload: { n: 1 },
        timestamp: new Date(0),
        actor: 'ann',
        subject: 's',
      };
      expect(await ledger.record(event)).toMatchObject({ status: 'queued', source, revision: 0 });
      const waited = await ledger.record(event, { waitSeconds: 19.5 });
      expect(waited).toMatchObject({ status: 'recorded', revision: 1, verdict: 'accepted' });
      expect(await payloadsOf(source)).toEqual([{ n: 1 }, { n: 1 }]);
    });

    it('records an event with an id once, however often it is given', async () => {
      const event = { source: newSource(), type: 't', payload: null, id: 'invoice 7' };
      const [first, second] = [await ledger.record(event), await ledger.record(event)];
      expect(second).toEqual(first);
      expect(await payloadsOf(event.source)).toEqual([null]);
    });

    it('says why an event was refused, and does not send it again', async () => {
      const refused = ledger.record({ source: newSource(), type: '', payload: 1 });
      const error: unknown = await refused.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ status: 422, retryable: false });
      expect((error as ApiError).problem?.errors?.[0]).toMatchObject({ pointer: '/type' });
    });

    it('does not try again with a wrong password', async () => {
      const stranger = connectToLedger({ url: api.url, password: 'wrong' });
      await expect(stranger.record({ source: 's', type: 't', payload: 1 })).rejects.toMatchObject({
        status: 401,
      });
      expect(await stranger.close()).toEqual([]);
    });

    it('gives up when it was told to, and says that nobody answers', async () => {
      const away = connectToLedger({ url: 'http://127.0.0.1:9', password: PASSWORD });
      const event = { source: 's', type: 't', payload: 1 };
      await expect(away.record(event, { patienceMs: 200 })).rejects.toMatchObject({
        status: null,
        retryable: true,
      });
      await expect(away.record(event, { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({
        name: 'TimeoutError',
      });
      await away.close();
    });

    it('takes no payload that JSON cannot hold', async () => {
      await expect(ledger.record({ source: 's', type: 't', payload: 1n })).rejects.toThrow(TypeError);
      await expect(ledger.record({ source: 's', type: 't', payload: undefined })).rejects.toThrow('payload');
      for (const amount of [NaN, -Infinity]) {
        expect(() => ledger.enqueue({ source: 's', type: 't', payload: { amount } })).toThrow('amount');
      }
    });
  });

  describe('enqueue', () => {
    it('records in the background, in order, and flush waits for all of it', async () => {
      const source = newSource();
      for (let n = 0; n < 600; n += 1) expect(ledger.enqueue({ source, type: 't', payload: n })).toBe(true);
      await ledger.flush();
      expect(ledger.queued).toBe(0);
      expect((await payloadsOf(source)).slice(0, 500)).toEqual(Array.from({ length: 500 }, (_, n) => n));
      ledger.enqueue({ source, type: 't', payload: 'by itself' });
      await expect.poll(() => ledger.queued).toBe(0);
    });

    it('tells of each event that was refused, and records the others', async () => {
      const refused: unknown[] = [];
      const own = connectToLedger({
        ...{ url: api.url, password: PASSWORD },
        onRefused: ({ payload }, { errors }) => refused.push([payload, errors?.[0]?.pointer]),
      });
      const source = newSource();
      for (const n of [1, 2, 3]) own.enqueue({ source, type: n === 2 ? ' t' : 't', payload: n });
      expect(await own.close()).toEqual([]);
      expect(refused).toEqual([[2, '/type']]);
      expect(await payloadsOf(source)).toEqual([1, 3]);
    });

    it.each([9, 40])('an event of %i MB is refused, and holds up no other', async (megabytes) => {
      const refused: unknown[] = [];
      const own = connectToLedger({
        ...{ url: api.url, password: PASSWORD },
        onRefused: (_event, { status }) => refused.push(status),
      });
      const source = newSource();
      own.enqueue({ source, type: 't', payload: 'x'.repeat(megabytes * 1_000_000) });
      own.enqueue({ source, type: 't', payload: 'behind it' });
      expect(await own.close()).toEqual([]);
      expect(refused).toEqual([413]);
      expect(await payloadsOf(source)).toEqual(['behind it']);
    });

    it('takes no more than its buffer holds, and gives back what was not acknowledged', async () => {
      const away = connectToLedger({ url: 'http://127.0.0.1:9', password: PASSWORD, maxEvents: 2 });
      const taken = [1, 2, 3].map((n) => away.enqueue({ source: 's', type: 't', payload: n }));
      expect(taken).toEqual([true, true, false]);
      const left = await away.close(200);
      expect(left.map(({ payload }) => payload)).toEqual([1, 2]);
      expect(left.every(({ id }) => id.length === 36)).toBe(true);
      expect(() => away.enqueue({ source: 's', type: 't', payload: 4 })).toThrow('closed');
    });

    it('takes nothing from the moment on that it is closed, while what it has is still sent', async () => {
      const own = connectToLedger({ url: api.url, password: PASSWORD });
      const event = { source: newSource(), type: 't', payload: 'in time' };
      own.enqueue(event);
      const closed = own.close();
      expect(() => own.enqueue({ ...event, payload: 'late' })).toThrow('the client is closed');
      await expect(own.record({ ...event, payload: 'late' })).rejects.toThrow('the client is closed');
      expect(await closed).toEqual([]);
      await expect(own.record({ ...event, payload: 'later' })).rejects.toThrow('the client is closed');
      expect(await payloadsOf(event.source)).toEqual(['in time']);
    });

    it('says once that nothing goes through, where nobody waits for it', async () => {
      const warnings: string[] = [];
      const onWarning = ({ message }: Error): void => void warnings.push(message);
      process.on('warning', onWarning);
      let asked = 0;
      const stranger = connectToLedger({
        ...{ url: api.url, password: 'wrong' },
        fetch: (input, init) => {
          asked += 1;
          return fetch(input, init);
        },
      });
      for (const n of [1, 2]) {
        stranger.enqueue({ source: 's', type: 't', payload: n });
        await expect.poll(() => asked).toBe(n);
        await expect.poll(() => warnings.length).toBe(1);
      }
      expect(await stranger.close()).toHaveLength(2);
      expect(warnings).toEqual([expect.stringMatching(/^queued events wait: .* answered 401/)]);
      process.off('warning', onWarning);
    });

    it('leaves one trace in the process, however many clients there are', async () => {
      const before = process.listenerCount('beforeExit');
      const clients = Array.from({ length: 12 }, () => connectToLedger({ url: api.url, password: PASSWORD }));
      expect(process.listenerCount('beforeExit')).toBe(before);
      const source = newSource();
      for (const client of clients) client.enqueue({ source, type: 't', payload: 1 });
      expect(process.listenerCount('beforeExit')).toBeLessThanOrEqual(before + 1);
      for (const client of clients) expect(await client.close()).toEqual([]);
      expect(process.listenerCount('beforeExit')).toBe(before);
      expect(await payloadsOf(source)).toHaveLength(12);
    });

    it('sends what is queued before the process ends by itself', async () => {
      const source = newSource();
      const program = `
        import { connectToLedger } from ${JSON.stringify(new URL('../../src/client/index.ts', import.meta.url).href)};
        const ledger = connectToLedger({ url: ${JSON.stringify(api.url)}, password: process.env.PASSWORD });
        ledger.enqueue({ source: ${JSON.stringify(source)}, type: 't', payload: 'last words' });`;
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
        env: { PATH: process.env.PATH, PASSWORD },
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      expect((await once(child, 'exit'))[0]).toBe(0);
      expect(await payloadsOf(source)).toEqual(['last words']);
    });
  });

  describe('tail', () => {
    async function take(
      count: number,
      options: Parameters<LedgerClient['tail']>[0],
    ): Promise<readonly TailedLine[]> {
      const lines: TailedLine[] = [];
      for await (const line of ledger.tail(options)) if (lines.push(line) === count) break;
      return lines;
    }

    it('has what the filters ask for, from a place on, and then what comes', async () => {
      const source = newSource();
      for (const n of [1, 2, 3])
        await ledger.record({ source, type: `t${n % 2}`, payload: n }, { waitSeconds: 20 });
      const places: number[] = [];
      const lines = ledger.tail({
        ...{ fromIndex: 0, filters: { source: [source], type: 't1' } },
        onPlace: (next) => places.push(next),
      });
      const next = async (): Promise<TailedLine> => ((await lines.next()) as { value: TailedLine }).value;
      const seen = [await next(), await next()];
      expect(seen.map(({ data }) => data?.toString())).toEqual(['1', '3']);
      expect(seen.flatMap(({ findings }) => findings)).toEqual([]);
      await ledger.record({ source, type: 't1', payload: 'new' });
      expect((await next()).data?.toString()).toBe('"new"');
      expect(places.slice(0, 2)).toEqual(seen.map(({ header }) => header.index + 1));
      await lines.return(undefined);
    });

    it('finds what was altered, and a chain that is broken', async () => {
      const source = newSource();
      const event = (n: number) => ({ source, type: 't', payload: { n } });
      const indexes: number[] = [];
      for (const n of [0, 1, 2]) {
        const recorded = await ledger.record(event(n), { waitSeconds: 20 });
        if (recorded.status === 'recorded') indexes.push(recorded.index);
      }
      const [first = 0, second = 0] = indexes;
      await asSuperuser(api.database, async (client) => {
        await client.query('ALTER TABLE ledger.entry DISABLE TRIGGER ALL');
        await client.query(`UPDATE ledger.entry SET data = '{"n":7}' WHERE index = $1`, [first]);
        await client.query(`UPDATE ledger.entry SET hash = sha256(hash) WHERE index = $1`, [second]);
      });
      const lines = await take(3, { fromIndex: first, filters: { source } });
      expect(lines.map(({ findings }) => findings.map(({ code }) => code))).toEqual([
        ['content-mismatch'],
        ['hash-mismatch'],
        ['broken-chain'],
      ]);
    });

    it('ends when it is aborted, whatever was collected as garbage since it began', async () => {
      setFlagsFromString('--expose_gc');
      const collect = runInNewContext('gc') as () => void;
      const ended = new AbortController();
      const lines = ledger.tail({ fromIndex: 0, signal: ended.signal });
      await lines.next();
      const waiting = ledger.tail({ signal: ended.signal }).next();
      waiting.catch(() => undefined);
      for (let n = 0; n < 5; n += 1) {
        await delay(20);
        collect();
      }
      ended.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow('enough');
      await lines.return(undefined);
    });

    it('ends with the reason when it is aborted, and when the query is refused', async () => {
      await expect(take(1, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
        name: 'TimeoutError',
      });
      await expect(take(1, { fromIndex: 1_000_000 })).rejects.toMatchObject({ status: 400 });
      await expect(take(1, { filters: { since: 'yesterday' } })).rejects.toMatchObject({ status: 400 });
    });
  });
});
