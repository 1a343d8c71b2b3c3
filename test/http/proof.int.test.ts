import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerReader } from '../../src/read-model/port.js';
import { AUTHORIZATION, event, newSource, startApi, withRows, type TestApi } from '../support/api.js';
import { asSuperuser } from '../support/ledger-database.js';

interface Report {
  readonly intact: boolean;
  readonly checked: number;
  readonly size: number;
  readonly findings: readonly { readonly code: string; readonly index: number }[];
}

/** A gate that a test opens, and a count of who came through. */
class Gate {
  entered = 0;
  open: () => void = () => undefined;
  readonly #opened = new Promise<void>((resolve) => (this.open = resolve));

  async pass(): Promise<void> {
    this.entered++;
    await this.#opened;
  }
}

/** A reader whose rows wait at a gate after the first. */
function gated(reader: LedgerReader, gate: Gate, ended: () => void): LedgerReader {
  return {
    ...reader,
    async snapshot() {
      const snapshot = await reader.snapshot();
      return {
        ...snapshot,
        tiles: snapshot.tiles.bind(snapshot),
        apart: () => null,
        async *rows(from, to, filters) {
          try {
            for await (const rows of snapshot.rows(from, to, filters)) {
              yield rows;
              await gate.pass();
            }
          } finally {
            ended();
          }
        },
      };
    },
  };
}

async function open(api: TestApi, path: string, accept = '*/*'): Promise<IncomingMessage> {
  const request = get(`${api.url}${path}`, { headers: { authorization: AUTHORIZATION, accept } });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

describe('proof', () => {
  let api: TestApi;
  const [a, b] = [newSource(), newSource()];

  beforeAll(async () => {
    // what is asked of it goes the way of large ledgers
    api = await startApi({ apartFrom: 1 });
    const batch = Array.from({ length: 40 }, (_, n) => event({ source: n % 2 === 0 ? a : b, payload: n }));
    await api.post('/v1/events', batch);
    await api.caughtUp();
  });
  afterAll(() => api.close());

  describe('GET /v1/verify', () => {
    it('reads everything and finds nothing', async () => {
      const { status, body } = await api.get('/v1/verify?mode=full');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        intact: true,
        mode: 'full',
        range: { fromIndex: 0, toIndex: 40 },
        checked: 40,
        size: 40,
        findings: [],
        findingsTotal: 0,
        startedAt: expect.stringMatching(/Z$/) as string,
        durationMs: expect.any(Number) as number,
      });
    });

    it('reads a range, or one source', async () => {
      expect((await api.get('/v1/verify?fromIndex=10&toIndex=20')).body).toMatchObject({
        intact: true,
        checked: 10,
      });
      expect((await api.get(`/v1/verify?source=${a}`)).body).toMatchObject({
        intact: true,
        source: a,
        checked: 20,
      });
    });

    it('as lines: progress, and the report last', async () => {
      const answer = await api.get('/v1/verify', { accept: 'application/x-ndjson' });
      expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
      const lines = answer.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines[0]).toHaveProperty('progress');
      expect(lines.at(-1)).toMatchObject({ intact: true, checked: 40 });
    });

    it('is remembered for /health', async () => {
      await api.get('/v1/verify');
      const health = await api.get<{ lastVerification: Record<string, unknown> }>('/health');
      expect(health.body.lastVerification).toMatchObject({ intact: true, checked: 40, findingsTotal: 0 });
      expect(health.body.lastVerification).not.toHaveProperty('findings');
    });

    it('is forgotten where it is of a part and found nothing: the ledger is as it was', async () => {
      await api.get('/v1/verify');
      expect((await api.get<Report>('/v1/verify?source=nobody')).body.intact).toBe(false);
      expect((await api.get<Report>('/v1/verify?toIndex=9999')).body.intact).toBe(false);
      expect((await api.get('/health')).body).toMatchObject({
        status: 'ok',
        lastVerification: { intact: true, checked: 40 },
      });
    });

    it('names the entry that somebody changed', async () => {
      const other = await startApi();
      await other.post('/v1/events', [event(), event(), event()]);
      await other.caughtUp();
      await asSuperuser(other.database, async (client) => {
        await client.query('ALTER TABLE ledger.entry DISABLE TRIGGER ALL');
        await client.query(`UPDATE ledger.entry SET data = '"forged"' WHERE index = 1`);
        await client.query('ALTER TABLE ledger.entry ENABLE ALWAYS TRIGGER refuse_row');
        await client.query('ALTER TABLE ledger.entry ENABLE ALWAYS TRIGGER refuse_statement');
      });
      const { body } = await other.get<Report>('/v1/verify');
      expect(body.intact).toBe(false);
      expect(body.findings).toContainEqual(expect.objectContaining({ code: 'content-mismatch', index: 1 }));
      expect((await other.get<Report>('/v1/verify?fromIndex=2')).body.intact).toBe(true);
      expect((await other.get('/health')).body).toMatchObject({
        status: 'degraded',
        lastVerification: { intact: false, checked: 3 },
      });
      await other.close();
    });

    it('runs once in a process, and ends when its client leaves', async () => {
      const gate = new Gate();
      let ended: () => void = () => undefined;
      const end = new Promise<void>((resolve) => (ended = resolve));
      const one = await startApi({
        database: api.database,
        project: false,
        wrapReader: (reader) => gated(reader, gate, ended),
      });
      const first = await open(one, '/v1/verify', 'application/x-ndjson');
      await once(first, 'readable');
      for (const accept of ['application/json', 'application/x-ndjson']) {
        const second = await one.get('/v1/verify', { accept });
        expect([second.status, second.body.code]).toEqual([429, 'busy']);
        expect(second.headers.get('retry-after')).toBe('5');
      }
      first.destroy();
      gate.open();
      await end;
      await expect.poll(async () => (await one.get<Report>('/v1/verify')).body.checked).toBe(40);
      await one.close();
    });

    it.each(['application/json', 'application/x-ndjson'])(
      'a client that leaves before the answer has begun stands in nobody’s way (%s)',
      async (accept) => {
        const gate = new Gate();
        const one = await startApi({
          database: api.database,
          project: false,
          wrapReader: (reader) => ({
            ...reader,
            async snapshot() {
              await gate.pass();
              return reader.snapshot();
            },
          }),
        });
        const headers = { authorization: AUTHORIZATION, accept };
        const request = get(`${one.url}/v1/verify`, { headers });
        request.on('error', () => undefined);
        await expect.poll(() => gate.entered).toBe(1);
        const left = new Promise((resolve) => request.once('close', resolve));
        request.destroy();
        await left;
        gate.open();
        await expect.poll(async () => (await one.get<Report>('/v1/verify')).status).toBe(200);
        await one.close();
      },
    );

    it.each(['application/json', 'application/x-ndjson'])(
      'ends when its client leaves, however much there is to read (%s)',
      async (accept) => {
        let ended: () => void = () => undefined;
        const end = new Promise<void>((resolve) => (ended = resolve));
        let read = 0;
        const one = await startApi({
          database: api.database,
          project: false,
          wrapReader: withRows(
            () =>
              async function* () {
                try {
                  for (;;) {
                    read++;
                    await new Promise((resolve) => setImmediate(resolve));
                    yield [];
                  }
                } finally {
                  ended();
                }
              },
          ),
        });
        const headers = { authorization: AUTHORIZATION, accept };
        const request = get(`${one.url}/v1/verify`, { headers });
        request.on('error', () => undefined);
        while (read < 3) await new Promise((resolve) => setImmediate(resolve));
        request.destroy();
        await end;
        await one.close();
      },
    );

    it('the plain form is cut off in time, and names the other one', async () => {
      const gate = new Gate();
      const one = await startApi({
        database: api.database,
        project: false,
        plainVerificationMs: 50,
        wrapReader: (reader) => gated(reader, gate, () => undefined),
      });
      const cut = await one.get('/v1/verify');
      expect([cut.status, cut.body.code]).toEqual([503, 'too-slow']);
      expect(cut.body.detail).toContain('application/x-ndjson');
      gate.open();
      await one.close();
    });

    it('the plain form ends when its client leaves, too', async () => {
      const gate = new Gate();
      let ended: () => void = () => undefined;
      const end = new Promise<void>((resolve) => (ended = resolve));
      const one = await startApi({
        database: api.database,
        project: false,
        wrapReader: (reader) => gated(reader, gate, ended),
      });
      const leaving = new AbortController();
      const asked = fetch(`${one.url}/v1/verify`, {
        headers: { authorization: AUTHORIZATION },
        signal: leaving.signal,
      });
      while (gate.entered === 0) await new Promise((resolve) => setImmediate(resolve));
      leaving.abort();
      await expect(asked).rejects.toThrow();
      gate.open();
      await end;
      await one.close();
    });
  });

  describe('GET /v1/export', () => {
    const manifestOf = (text: string) => {
      const lines = text.split('\n');
      expect(lines.pop(), 'every line ends in LF').toBe('');
      return { lines, ...(JSON.parse(lines.pop() ?? '') as { manifest: Record<string, unknown> }) };
    };

    it('is every line, oldest first, and the manifest', async () => {
      const answer = await api.get('/v1/export');
      const { lines, manifest } = manifestOf(answer.text);
      expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
      expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename=".*\.jsonl"$/);
      expect(lines).toHaveLength(40);
      expect(lines[7]).toBe((await api.get('/v1/entries/7')).text);
      expect(manifest).toMatchObject({
        format: 'event-ledger-export/1',
        ledger: api.database.origin,
        filters: {},
        count: 40,
        fromIndex: 0,
        toIndex: 40,
        head: { size: 40 },
      });
    });

    it('takes the filters of the ledger, and the manifest names them as sent', async () => {
      const answer = await api.get(`/v1/export?source=${a}&payload:=2&payload:=4&fromIndex=1`);
      const { lines, manifest } = manifestOf(answer.text);
      expect(lines.map((line) => (JSON.parse(line) as { payload: number }).payload)).toEqual([2, 4]);
      expect(manifest).toMatchObject({
        filters: { source: [a], 'payload:': ['2', '4'], fromIndex: ['1'] },
        count: 2,
        fromIndex: 1,
        toIndex: 40,
      });
    });

    it("has the ledger's own sources, and takes any text in a filter", async () => {
      const other = await startApi();
      await other.request('/v1/schemas/t', {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: 'true',
      });
      const actor = "o'brien";
      await other.post('/v1/events', [event({ actor, subject: actor, payload: actor }), event()]);
      await other.caughtUp();
      const exported = async (query: Record<string, string>) =>
        manifestOf((await other.get(`/v1/export?${new URLSearchParams(query).toString()}`)).text).manifest
          .count;
      expect(await exported({})).toBe(3);
      expect(await exported({ source: '_schemas' })).toBe(1);
      for (const filter of ['actor', 'subject', 'payload:']) {
        expect(await exported({ [filter]: actor })).toBe(1);
        expect(await exported({ [filter]: "' OR true --" })).toBe(0);
      }
      await other.close();
    });

    it('is compressed for those who ask', async () => {
      const response = await new Promise<IncomingMessage>((resolve) => {
        const headers = { authorization: AUTHORIZATION, 'accept-encoding': 'gzip' };
        get(`${api.url}/v1/export`, { headers }, resolve);
      });
      expect(response.headers['content-encoding']).toBe('gzip');
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      expect(gunzipSync(Buffer.concat(chunks)).toString()).toBe((await api.get('/v1/export')).text);
    });

    it.each([
      ['jsonl', ''],
      ['jsonl', 'gzip'],
      ['csv', ''],
      ['csv', 'gzip'],
    ])('a client that leaves ends the query (%s %s)', async (format, coding) => {
      const gate = new Gate();
      let ended: () => void = () => undefined;
      const end = new Promise<void>((resolve) => (ended = resolve));
      const one = await startApi({
        database: api.database,
        project: false,
        wrapReader: (reader) => gated(reader, gate, ended),
      });
      const headers = { authorization: AUTHORIZATION, 'accept-encoding': coding };
      const request = get(`${one.url}/v1/export?format=${format}`, { headers });
      await once(request, 'response');
      while (gate.entered === 0) await new Promise((resolve) => setImmediate(resolve));
      request.destroy();
      gate.open();
      await end;
      await one.close();
    });

    it.each(['jsonl', 'csv'])('a client that does not read stops the query (%s)', async (format) => {
      let given = 0;
      const line = Buffer.alloc(64 * 1024, '"');
      const one = await startApi({
        database: api.database,
        project: false,
        wrapReader: withRows(
          (snapshot) =>
            async function* () {
              let row: Parameters<typeof JSON.stringify>[0] = null;
              for await (const rows of snapshot.rows(0, 1)) row ??= rows[0];
              for (;;) {
                given++;
                await Promise.resolve();
                yield [{ ...(row as object), data: line }] as never;
              }
            },
        ),
      });
      const query = format === 'csv' ? '?format=csv&columns=payloadBase64' : '';
      const response = await open(one, `/v1/export${query}`);
      response.pause();
      // given stands still once the buffers between here and there are full
      let before = -1;
      while (given !== before) {
        before = given;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(given * line.length).toBeLessThan(64 * 1024 * 1024);
      response.destroy();
      await one.close();
    });

    it('what cannot be exported is a problem, or breaks off without a manifest what has begun', async () => {
      const other = await startApi();
      // more than one statement reads at once
      const large = event({ payload: 'x'.repeat(250_000) });
      for (const count of [30, 10])
        await other.post(
          '/v1/events',
          Array.from({ length: count }, () => large),
        );
      await other.caughtUp();
      await asSuperuser(other.database, async (client) => {
        await client.query('ALTER TABLE ledger.entry DISABLE TRIGGER ALL');
        await client.query('ALTER TABLE ledger.entry ALTER COLUMN revision DROP NOT NULL');
        await client.query(`UPDATE ledger.entry SET revision = NULL WHERE index = 39`);
      });
      await expect(other.get('/v1/export')).rejects.toThrow();
      const atOnce = await other.get('/v1/export?fromIndex=39');
      expect([atOnce.status, atOnce.body.code]).toEqual([500, 'internal']);
      expect(atOnce.headers.has('content-disposition')).toBe(false);
      await other.close();
    });
  });
});
