import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEventStoreDouble, type EventStoreDouble } from '../eventstore-double/eventstore-double.js';
import { createLedgerDatabase, type LedgerDatabase } from '../support/ledger-database.js';
import {
  eventually,
  runCommand,
  startLedger,
  temporaryFolder,
  type Finished,
  type LedgerProcess,
} from '../support/ledger-process.js';

interface Recorded {
  readonly index: number;
  readonly verdict: string;
}

/** As in production: a secured EventStoreDB, a user and a login for each kind of process, nothing else in common. */
describe('two APIs and two projectors on EventStoreDB and PostgreSQL', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let double: EventStoreDouble;
  let database: LedgerDatabase;
  let apis: readonly LedgerProcess[];
  let projectors: LedgerProcess[];
  let first: LedgerProcess;
  let second: LedgerProcess;

  beforeAll(async () => {
    folder = await temporaryFolder();
    double = await startEventStoreDouble({ secured: 'tls' });
    database = await createLedgerDatabase();
    await writeFile(`${folder.path}/ca.crt`, double.authority ?? '');
    await writeFile(`${folder.path}/api-password`, 'of the api\n');
    const setUp = await setup();
    expect(setUp, setUp.stderr).toMatchObject({ code: 0 });
    [apis, projectors] = await Promise.all([
      Promise.all([startApi(), startApi()]),
      Promise.all([startProjector(), startProjector()]),
    ]);
    [first, second] = apis as [LedgerProcess, LedgerProcess];
  });

  afterAll(async () => {
    await Promise.all([...apis, ...projectors].map((each) => each.stop()));
    await Promise.all([double.stop(), database.drop(), folder.remove()]);
  });

  const urlOf = (login: string, password: string): string =>
    `${double.url.replace('//', `//${login}:${encodeURIComponent(password)}@`)}&tlsCaFile=${folder.path}/ca.crt`;

  const startApi = (): Promise<LedgerProcess> =>
    startLedger({ DATABASE_URL: database.apiUrl, EVENTSTORE_URL: urlOf('ledger-api', 'of the api') }, 'api');

  const projecting = (): Record<string, string> => ({
    DATABASE_URL: database.projectorUrl,
    EVENTSTORE_URL: urlOf('ledger-projector', 'of the projector'),
  });
  const startProjector = (): Promise<LedgerProcess> => startLedger(projecting(), 'projector');

  const setup = (...args: readonly string[]): Promise<Finished> =>
    runCommand(['eventstore', 'setup', ...args], {
      EVENTSTORE_ADMIN_URL: urlOf('admin', 'changeit'),
      EVENTSTORE_API_PASSWORD_FILE: `${folder.path}/api-password`,
      EVENTSTORE_PROJECTOR_PASSWORD: 'of the projector',
    });

  async function post(api: LedgerProcess, event: object, wait = 20): Promise<Response> {
    const headers = { 'content-type': 'application/json', prefer: `wait=${wait}` };
    return api.request('/v1/events', { method: 'POST', headers, body: JSON.stringify(event) });
  }

  const event = (n: number): object => ({
    source: 'billing',
    type: 'user.login',
    payload: { userId: `u-${n}` },
  });

  it('the server was set up once, and a check says what else is open', async () => {
    expect(await setup()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing to do') as string,
    });
    const checked = await setup('--check', '--json');
    expect(checked.code).toBe(1);
    expect(JSON.parse(checked.stdout)).toMatchObject({
      findings: [{ code: 'default-password' }, { code: 'default-password' }],
    });
  });

  it('register the schemas once, though both APIs started together', async () => {
    const { schemas } = await eventually('the schemas to be entries', async () => {
      const known = await first.json<{ schemas: { type: string }[] }>('/v1/schemas');
      return known.schemas.length > 0 && known;
    });
    expect(double.log.stream('ledger-_schemas')?.records).toHaveLength(schemas.length);
  });

  it('what one takes is waited for there, is an entry, and is read at the other', async () => {
    const response = await post(first, event(1));
    expect(response.status).toBe(201);
    const recorded = (await response.json()) as Recorded;
    expect(recorded).toMatchObject({ verdict: 'accepted' });
    expect(await second.json(`/v1/entries/${recorded.index}`)).toMatchObject({
      entry: { source: 'billing' },
      payload: { userId: 'u-1' },
    });
  });

  it('an identity that both are given at once is recorded once', async () => {
    const twin = { ...event(2), id: 'the same' };
    const answers = await Promise.all(apis.map((api) => post(api, twin)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 201]);
    expect((await post(second, { ...twin, payload: { userId: 'another' } })).status).toBe(409);
  });

  it('an identity that both are given at once with other contents is one of the two, and a conflict for the other', async () => {
    for (let round = 0; round < 20; round += 1) {
      const twins = [1, 2].map((n) => ({ ...event(2), id: `twins ${round}`, payload: { userId: `${n}` } }));
      const answers = await Promise.all(apis.map((api, n) => post(api, twins[n] ?? {})));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    }
  });

  it('a schema that is put at one judges at the door of the other soon', async () => {
    const schema = JSON.stringify({ type: 'object', required: ['amount'] });
    const headers = { 'content-type': 'application/json' };
    const put = await first.request('/v1/schemas/order.paid', { method: 'PUT', headers, body: schema });
    expect(put.status).toBe(202);
    await eventually('the other to refuse', async () => {
      const { status } = await post(second, { source: 'shop', type: 'order.paid', payload: {} }, 0);
      return status === 422;
    });
  });

  it('are healthy, though an API may not look how far the projector has come', async () => {
    for (const api of apis) {
      expect((await api.request('/readyz')).status).toBe(200);
      expect(await api.json('/health')).toMatchObject({ status: 'ok', lag: { events: null, seconds: null } });
    }
  });

  it('a projector that waits takes over from one that is killed', async () => {
    for (const victim of [...projectors]) {
      await victim.stop('SIGKILL');
      expect((await post(first, event(3))).status).toBe(201);
      projectors = [...projectors.filter((each) => each !== victim), await startProjector()];
    }
  });

  it('import, verify, export, its check and the rebuild work as with any log', async () => {
    const lines = Array.from({ length: 500 }, (_, n) => JSON.stringify(event(n))).join('\n');
    const settings = { LEDGER_URL: second.url };
    const imported = await runCommand(['import', '-', '--json'], settings, lines);
    expect(JSON.parse(imported.stdout)).toMatchObject({ queued: 500, refused: 0 });
    expect((await post(first, event(4))).status).toBe(201);

    const verified = await runCommand(['verify', '--json'], settings);
    expect(JSON.parse(verified.stdout)).toMatchObject({ intact: true });
    const file = `${folder.path}/ledger.jsonl`;
    expect(await runCommand(['export', '--output', file], settings)).toMatchObject({ code: 0 });
    expect(await runCommand(['verify-export', file], {})).toMatchObject({ code: 0 });

    const rebuilt = await runCommand(['rebuild', '--json'], {
      ...projecting(),
      DATABASE_ADMIN_URL: database.adminUrl,
    });
    expect(rebuilt, rebuilt.stderr).toMatchObject({ code: 0 });
    const { old } = JSON.parse(rebuilt.stdout) as { old: { size: number } };
    expect(JSON.parse(rebuilt.stdout)).toMatchObject({ same: true, rebuilt: old, lacking: 0, surplus: 0 });
    expect(old.size).toBeGreaterThan(500);
  });

  it('the two stores are compared where an API may read the whole log, which has to be asked for', async () => {
    const refused = await runCommand(['verify', '--mode', 'deep'], { LEDGER_URL: second.url });
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('EVENTSTORE_API_READS_ALL=true') as string,
    });
    expect((await setup('--api-reads-all')).code).toBe(0);
    const compared = await runCommand(['verify', '--mode', 'deep', '--json'], { LEDGER_URL: second.url });
    expect(JSON.parse(compared.stdout)).toMatchObject({ intact: true, mode: 'deep', findings: [] });
    // the verification is an event itself
    await expect.poll(() => second.json('/health')).toMatchObject({ lag: { seconds: 0 } });
  });

  it('an API outlives a restart of EventStoreDB, and says meanwhile that it is not ready', async () => {
    await double.stop();
    await eventually('not to be ready', async () => (await first.request('/readyz')).status === 503);
    expect((await post(first, event(5), 0)).status).toBe(503);
    expect((await setup()).code).toBe(3);
    const patient = setup('--api-reads-all', '--patience', '60');
    await double.start();
    expect(await patient).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing to do') as string,
    });
    await eventually('to take events again', async () => (await post(first, event(5))).status === 201);
  });
});
