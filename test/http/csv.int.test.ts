import { get, type IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUTHORIZATION, event, newSource, startApi, withRows, type TestApi } from '../support/api.js';
import { throwAtLog } from '../support/event-log.js';

/** What people put into forms, and what they should not. */
const HOSTILE = [
  '=1+1',
  '=cmd|"/c calc"!A0',
  '+1',
  '-1+2',
  '@SUM(A1:A9)',
  '\t=1',
  '\r=1',
  ' "=1"',
  '＝1＋1',
  "'=1",
  "'",
  '"',
  '""',
  ',',
  'a;=1',
  'line\nfeed',
  'carriage\r\nreturn',
  'lone\rreturn\r',
  '\u0001\u001f\u007f\u0085',
  '\u2028',
  ' spaces ',
  'Zoë 😀 𝕏 e\u0301',
  '12345678901234567890',
  '007',
  'x'.repeat(32_768),
  '"'.repeat(32_768),
  '',
] as const;

/** As docs/api.md says. */
const unescaped = (cell: string): string => cell.replace(/^'/, '');

type Row = Readonly<Record<string, string>>;

const rowsOf = (bytes: Buffer): readonly Row[] => parse(bytes, { bom: true, columns: true });

async function download(api: TestApi, query: string, headers: Record<string, string> = {}) {
  const response = await new Promise<IncomingMessage>((resolve) => {
    get(`${api.url}/v1/export${query}`, { headers: { authorization: AUTHORIZATION, ...headers } }, resolve);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, headers: response.headers, bytes: Buffer.concat(chunks) };
}

describe('an export as CSV', () => {
  let api: TestApi;
  const [hostile, usual, foreign] = [newSource(), newSource(), newSource()];

  beforeAll(async () => {
    api = await startApi();
    const batch = HOSTILE.map((value) =>
      event({ source: hostile, payload: { 'a/b': [value], text: value } }),
    );
    expect((await api.post('/v1/events', batch)).status).toBe(202);
    const id = '0b5c7f0e-7a44-4f0e-9f54-0d9f8f1f2a63';
    await throwAtLog(api.database.apiUrl, [
      { source: foreign, id, data: Buffer.from([0xff, 0x00]), metadata: 'no JSON' },
      { source: foreign, id, data: '{"n": 1.0}' },
      { source: foreign, data: '"a\\u0000b"' },
    ]);
    await api.post('/v1/events', [
      event({
        ...{ source: usual, actor: '=HYPERLINK("http://a.example")', subject: 'über' },
        timestamp: '2026-11-20T11:00:00.999+01:00',
        payload: { amount: -12.5, big: 0.1 + 0.2, none: null, yes: true, deep: { b: 1, a: [] } },
      }),
      event({ source: usual, payload: 'a text' }),
    ]);
    await api.caughtUp();
  });
  afterAll(() => api.close());

  it('gives hostile values back unchanged, to whoever takes the apostrophes away', async () => {
    const names = ['payload.text', 'payload:/a~1b/0', 'payload'];
    const query = `?format=csv&source=${hostile}&columns=${names.map(encodeURIComponent).join()}`;
    const rows = rowsOf((await download(api, query)).bytes);
    expect(rows).toHaveLength(HOSTILE.length);
    for (const [n, row] of rows.entries()) {
      expect(Object.keys(row)).toEqual(names);
      const [text = '', pointer = '', payload = ''] = Object.values(row).map(unescaped);
      expect([text, pointer]).toEqual([HOSTILE[n], HOSTILE[n]]);
      expect(JSON.parse(payload)).toMatchObject({ text });
      for (const cell of Object.values(row)) expect(cell).not.toMatch(/^[\s\p{C}"]*[=+\-@＝＋－＠]/u);
    }
  });

  it('has names first, in CRLF, and what a person looks for', async () => {
    const { status, headers, bytes } = await download(api, `?format=csv&source=${usual}`);
    expect([status, headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8; header=present']);
    expect(bytes.toString().split('\r\n')[0]).toBe(
      '\ufeffindex,recordedAt,occurredAt,source,type,actor,subject,verdict,recordedBy,id,revision,payload,hash',
    );
    const [row = {}] = rowsOf(bytes);
    const line = await api.get<{ entry: Row; hash: string }>(`/v1/entries/${row.index ?? ''}`);
    const { recordedAt = '', id } = line.body.entry;
    expect(row).toMatchObject({
      ...{ source: usual, type: 'customer.billed', verdict: 'accepted', recordedBy: 'admin', revision: '0' },
      ...{ occurredAt: '2026-11-20 10:00:00', recordedAt: recordedAt.slice(0, 19).replace('T', ' ') },
      ...{ actor: '\'=HYPERLINK("http://a.example")', subject: 'über', id, hash: line.body.hash },
    });
  });

  it('shows a value of the payload as it is: texts, numbers that are exact, the rest as JSON', async () => {
    const names = 'amount big none yes deep deep.b nothing'.split(' ').map((name) => `payload.${name}`);
    const columns = [...names, 'payload:', 'occurredAtExact'].join();
    const { bytes } = await download(api, `?format=csv&source=${usual}&columns=${columns}`);
    const rows: readonly (readonly string[])[] = parse(bytes, { bom: true, from: 2 });
    const payload = '{"amount":-12.5,"big":0.30000000000000004,"deep":{"a":[],"b":1},"none":null,"yes":true}';
    const cells = ['-12.5', "'0.30000000000000004", 'null', 'true', '{"a":[],"b":1}', '1', ''];
    expect(rows[0]).toEqual([...cells, payload, '2026-11-20T10:00:00.999Z']);
    expect(rows[1]).toEqual(['', '', '', '', '', '', '', 'a text', '']);
  });

  it('what is no JSON, or not canonical, stands in Base64, as in a line', async () => {
    const columns = 'verdict,payload,payloadBase64,payload.n,metadata,metadataBase64,actor,occurredAt';
    const { bytes } = await download(api, `?format=csv&source=${foreign}&columns=${columns}`);
    const cells = parse(bytes, { bom: true, from: 2 }).map((row) => row.slice(0, 4));
    expect(cells).toEqual([
      ['rejected', '', '/wA=', ''],
      ['duplicate', '', Buffer.from('{"n": 1.0}').toString('base64'), '1'],
      ['rejected', '', Buffer.from('"a\\u0000b"').toString('base64'), ''],
    ]);
    expect(parse(bytes, { bom: true, from: 2, to: 2 })[0]?.slice(4)).toEqual(['', 'bm8gSlNPTg==', '', '']);
  });

  it('says in its name and in a header field that it is no evidence, and what it is of', async () => {
    const query = `?format=csv&columns=index&fromIndex=1&source=${usual}&subject=${encodeURIComponent('über')}`;
    const { headers } = await download(api, query);
    const { size, hash } = (await api.get<{ size: number; hash: string }>('/v1/head')).body;
    const name = `event-ledger-1-${size}-not-evidence.csv`;
    expect(headers['content-disposition']).toBe(`attachment; filename="${name}"`);
    const manifest = String(headers['event-ledger-manifest']);
    expect(manifest).toMatch(/^[ -~]+$/);
    expect(JSON.parse(manifest)).toEqual({
      ...{ format: 'event-ledger-csv/1', evidence: false, ledger: api.database.origin },
      filters: { fromIndex: ['1'], source: [usual], subject: ['über'] },
      ...{ fromIndex: 1, toIndex: size, head: { size, hash } },
    });
    const long = await download(api, `?format=csv&toIndex=0&${`source=${'s'.repeat(500)}&`.repeat(10)}`);
    expect(JSON.parse(String(long.headers['event-ledger-manifest']))).toMatchObject({ filters: null });
  });

  it('comes by Accept, too, compressed for those who ask, and empty with its names alone', async () => {
    const asked = await download(api, '?toIndex=0', { accept: 'text/csv' });
    expect(asked.bytes.toString()).toMatch(/^\ufeffindex,recordedAt,[\w,]+\r\n$/);
    const named = await download(api, '?toIndex=0&columns=index,id');
    expect(named.bytes.toString()).toBe('\ufeffindex,id\r\n');
    const packed = await download(api, '?format=csv', { 'accept-encoding': 'gzip' });
    expect(packed.headers['content-encoding']).toBe('gzip');
    const plain = await download(api, '?format=csv');
    expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true);
  });

  it.each([
    ['?format=csv&columns=index,amount', 400, '"amount" is no column'],
    ['?format=jsonl&columns=index', 400, 'columns is for format=csv'],
    ['?format=xlsx', 400, 'format must be jsonl or csv'],
    ['?format=csv&payload:a=1', 400, 'payload:a must be a JSON Pointer'],
  ])('%s is %i', async (query, status, detail) => {
    const answer = await api.get(`/v1/export${query}`);
    expect([answer.status, answer.body.detail]).toEqual([status, expect.stringContaining(detail)]);
  });

  it('is not given to who does not take it', async () => {
    const answer = await api.get('/v1/export?format=csv', { accept: 'application/x-ndjson' });
    expect([answer.status, answer.body.code]).toEqual([406, 'not-acceptable']);
  });

  it('lines keep out of their manifest what is no filter', async () => {
    const answer = await api.get(`/v1/export?format=jsonl&source=${usual}`);
    const manifest = JSON.parse(answer.text.trimEnd().split('\n').at(-1) ?? '') as { manifest: unknown };
    expect(manifest.manifest).toMatchObject({ filters: { source: [usual] }, count: 2 });
  });

  it('a failure before the first row is a problem, not half a file', async () => {
    const broken = await startApi({
      database: api.database,
      project: false,
      wrapReader: withRows(
        () =>
          // eslint-disable-next-line require-yield
          async function* () {
            await Promise.resolve();
            throw new Error('out of order');
          },
      ),
    });
    expect((await broken.get('/v1/export?format=csv')).status).toBe(500);
    await broken.close();
  });
});
