import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { event, newSource, startApi, type TestApi } from '../support/api.js';

const PAID = { type: 'object', required: ['amount'], properties: { amount: { type: 'number' } } };

describe('schemas', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());

  const register = (type: string, schema: unknown) =>
    api.request(`/v1/schemas/${encodeURIComponent(type)}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/schema+json' },
      body: JSON.stringify(schema),
    });

  /** registers, and waits until the door applies it */
  async function inForce(type: string, schema: unknown): Promise<void> {
    const answer = await register(type, schema);
    expect(answer.status).toBe(202);
    await expect
      .poll(async () => (await api.get(`/v1/schemas/${encodeURIComponent(type)}`)).body, { timeout: 10_000 })
      .toEqual(schema);
  }

  it('none is in force before one was registered', async () => {
    const empty = await startApi();
    expect((await empty.get('/v1/schemas')).body).toEqual({ schemas: [] });
    expect((await empty.get('/v1/schemas/t')).status).toBe(404);
    await empty.close();
  });

  it('one that was registered is recorded, listed, and applied at the door', async () => {
    const type = 'invoice.paid/é';
    const answer = await register(type, PAID);
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({
      type,
      schema: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      revision: expect.any(Number) as number,
    });
    const recorded = await api.get<{ payload: unknown; metadata: { recordedBy: string } }>(
      answer.headers.get('location') ?? '',
    );
    expect(recorded.body).toMatchObject({
      type: 'schema.registered',
      payload: { type, schema: PAID, judge: 1 },
      metadata: { recordedBy: 'admin' },
    });
    await inForce(type, PAID);
    const { body } = await api.get<{ schemas: unknown[] }>('/v1/schemas');
    expect(body.schemas).toContainEqual(expect.objectContaining({ type, schema: answer.body.schema }));

    const source = newSource();
    const refused = await api.post('/v1/events', event({ source, type, payload: { amount: '12' } }));
    expect(refused.status).toBe(422);
    expect(refused.body).toMatchObject({
      code: 'schema-violation',
      errors: [{ pointer: '/payload/amount', keyword: 'type', detail: 'must be number' }],
    });
    const batch = await api.post<{ results: { problem?: { errors: { pointer: string }[] } }[] }>(
      '/v1/events',
      [event({ source, type, payload: { amount: 1 } }), event({ source, type, payload: { amount: null } })],
    );
    expect(batch.status).toBe(207);
    expect(batch.body.results[1]?.problem?.errors[0]?.pointer).toBe('/1/payload/amount');
  });

  it('what only the schema refuses is recorded when the client is lenient, and chained as rejected', async () => {
    await inForce('lenient', PAID);
    const headers = { prefer: 'handling=lenient, wait=10' };
    const answer = await api.post(
      '/v1/events',
      event({ source: newSource(), type: 'lenient', payload: 7 }),
      headers,
    );
    expect([answer.status, answer.body.verdict]).toEqual([201, 'rejected']);
    const malformed = await api.post('/v1/events', event({ source: '' }), headers);
    expect(malformed.status).toBe(422);
  });

  it('a replay is never 422, whether the log or the ledger has the event', async () => {
    const source = newSource();
    const sent = event({ source, type: 'later', payload: 'anything', id: 'x' });
    const inLog = event({ source, type: 'later', payload: 'anything', id: 'y' });
    expect((await api.post('/v1/events', sent)).status).toBe(202);
    await inForce('later', PAID);
    expect((await api.post('/v1/events', sent)).status).toBe(200);
    expect((await api.post('/v1/events', { ...sent, payload: 'else' })).status).toBe(409);
    expect((await api.post('/v1/events', inLog)).status).toBe(422);
    expect((await api.post('/v1/events', inLog, { prefer: 'handling=lenient' })).status).toBe(202);
    expect((await api.post('/v1/events', inLog)).status).toBe(200);
    expect((await api.post('/v1/events', { ...inLog, payload: 'else' })).status).toBe(409);
  });

  it('_default judges types that have none, and is what is in force for them', async () => {
    const own = await startApi();
    const body = JSON.stringify({ type: 'object' });
    const headers = { 'content-type': 'application/json' };
    await own.request('/v1/schemas/_default', { method: 'PUT', body, headers });
    await expect
      .poll(async () => (await own.get('/v1/schemas/any.type')).status, { timeout: 10_000 })
      .toBe(200);
    const answer = await own.get('/v1/schemas/any.type');
    expect(answer.headers.get('content-location')).toBe('/v1/schemas/_default');
    expect((await own.post('/v1/events', event({ payload: 7 }))).status).toBe(422);
    await own.close();
  });

  it.each([
    ['no schema', 7, 422, 'invalid-schema'],
    ['a keyword of the wrong type', { type: 7 }, 422, 'invalid-schema'],
    ['a reference to the outside', { $ref: 'https://example.org/s' }, 422, 'invalid-schema'],
    ['a catastrophic pattern', { pattern: '^(a+)+$' }, 422, 'invalid-schema'],
  ])('%s is refused', async (_what, schema, status, code) => {
    const newest = await api.log.newest();
    const answer = await register('refused', schema);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await api.log.newest()).toBe(newest);
  });

  it('a type that no event can have is refused', async () => {
    expect((await register('~x', true)).status).toBe(400);
    expect((await register('..', true)).status).toBe(404);
  });
});
