import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectToLedger, type LedgerClient, type Token } from '../../src/client/index.js';
import { newSource } from '../support/api.js';
import { startKeyedApi, type KeyedApi } from '../support/keyed-api.js';

let keyed: KeyedApi;
beforeAll(async () => {
  keyed = await startKeyedApi();
});
afterAll(() => keyed.close());

const connect = (token: Token): LedgerClient => connectToLedger({ url: keyed.api.url, token });
const writer = (source: string) => ({ name: 'billing', roles: ['writer'], sources: [source] }) as const;

/** Keys in the place of each other, as access tokens are: each is given until the next is put there. */
function changingToken(first: string): { token: () => string; next: string; asked: number } {
  const holder = {
    next: first,
    asked: 0,
    token: () => {
      holder.asked += 1;
      return holder.next;
    },
  };
  return holder;
}

async function payloadsOf(source: string): Promise<readonly unknown[]> {
  await keyed.api.caughtUp();
  const { body } = await keyed.api.get<{ events: { payload: unknown }[] }>(
    `/v1/events?source=${source}&order=asc`,
  );
  return body.events.map(({ payload }) => payload);
}

describe('a client with a key', () => {
  it('records what its principal may, as its principal', async () => {
    const source = newSource();
    const { secret } = await keyed.issue(writer(source));
    const ledger = connect(secret);
    const { revision } = await ledger.record({ source, type: 't', payload: 1 });
    const { body } = await keyed.api.get(`/v1/sources/${source}/events/${revision}`);
    expect(body).toMatchObject({ metadata: { recordedBy: 'billing' } });
    const elsewhere = ledger.record({ source: newSource(), type: 't', payload: 1 });
    await expect(elsewhere).rejects.toMatchObject({ status: 403, retryable: false });
    expect(await ledger.close()).toEqual([]);
  });

  it('keeps what is queued when the key is revoked, says so once, and gives it back', async () => {
    const source = newSource();
    const { credential, secret } = await keyed.issue(writer(source));
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', onWarning);
    const ledger = connect(secret);
    ledger.enqueue({ source, type: 't', payload: 1 });
    await ledger.flush();
    await keyed.revoke(credential.id);
    for (const n of [2, 3]) ledger.enqueue({ source, type: 't', payload: n });
    await expect.poll(() => warnings).toHaveLength(1);
    await expect(ledger.flush()).rejects.toMatchObject({ status: 401, retryable: false });
    process.off('warning', onWarning);
    expect(warnings).toEqual([expect.stringMatching(/^queued events wait: .* answered 401: .*revoked/)]);
    expect(warnings.join()).not.toContain(secret.slice(16));

    const left = await ledger.close();
    expect(left.map(({ payload }) => payload)).toEqual([2, 3]);
    const another = connect((await keyed.issue(writer(source))).secret);
    for (const event of left) another.enqueue(event);
    expect(await another.close()).toEqual([]);
    expect(await payloadsOf(source)).toEqual([1, 2, 3]);
  });
});

describe('a client with a function that gives tokens', () => {
  it('asks it before each request, and sends with the next what was refused with the last', async () => {
    const source = newSource();
    const first = await keyed.issue(writer(source));
    const given = changingToken(first.secret);
    const ledger = connect(async () => Promise.resolve(given.token()));
    ledger.enqueue({ source, type: 't', payload: 1 });
    await ledger.flush();
    await keyed.revoke(first.credential.id);
    const second = await keyed.issue(writer(source));
    // it ends between being given and being looked at
    const late = connect(() => (given.asked++ === 1 ? first.secret : second.secret));
    late.enqueue({ source, type: 't', payload: 2 });
    expect(await late.close()).toEqual([]);
    given.next = second.secret;
    ledger.enqueue({ source, type: 't', payload: 3 });
    expect(await ledger.close()).toEqual([]);
    expect(await payloadsOf(source)).toEqual([1, 2, 3]);
  });

  it('is refused for good when it gives the same token again', async () => {
    const given = changingToken('el_000000000000_nobody');
    const event = { source: 's', type: 't', payload: 1 };
    await expect(connect(given.token).record(event)).rejects.toMatchObject({ status: 401 });
    expect(given.asked).toBe(2);
  });

  it('waits for it as for a server that is away', async () => {
    const source = newSource();
    const { secret } = await keyed.issue(writer(source));
    let asked = 0;
    const ledger = connect(() => {
      asked += 1;
      if (asked < 3) throw new Error('the issuer is away');
      return secret;
    });
    expect(await ledger.record({ source, type: 't', payload: 1 })).toMatchObject({ revision: 0 });
    const never = connect(() => Promise.reject(new Error('the issuer is away')));
    await expect(never.record({ source, type: 't', payload: 1 }, { patienceMs: 0 })).rejects.toMatchObject({
      ...{ status: null, retryable: true },
      message: 'there is no token to ask with (the issuer is away)',
    });
  });

  it('tails on with the next token where the last one ended', async () => {
    const source = newSource();
    const reader = { name: 'reader', roles: ['reader'], sources: [source] } as const;
    const first = await keyed.issue(reader);
    const second = await keyed.issue(reader);
    const given = changingToken(first.secret);
    const [lost, places]: [string[], number[]] = [[], []];
    const lines = connect(given.token).tail({
      filters: { source },
      onLost: ({ message }) => lost.push(message),
      onPlace: (index) => places.push(index),
    });
    const ledger = connect((await keyed.issue(writer(source))).secret);
    const next = lines.next();
    await expect.poll(() => places).toHaveLength(1);
    await ledger.record({ source, type: 't', payload: 1 });
    expect((await next).value).toMatchObject({ header: { revision: 0 } });
    given.next = second.secret;
    await keyed.revoke(first.credential.id);
    const after = lines.next();
    await expect.poll(() => lost).toEqual([expect.stringContaining('ended the tail')]);
    await ledger.record({ source, type: 't', payload: 2 });
    expect((await after).value).toMatchObject({ header: { revision: 1 } });
    await keyed.revoke(second.credential.id);
    await expect(lines.next()).rejects.toMatchObject({ status: 401 });
  });
});
