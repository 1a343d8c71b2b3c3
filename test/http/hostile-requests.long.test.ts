import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeApi } from '../api-document/document.js';
import { basic } from '../support/api.js';
import { acknowledgedIn, exchange, type Exchange } from '../support/hostile/exchange.js';
import { hostileRequests, type HostileRequest } from '../support/hostile/hostile-requests.js';
import {
  eventually,
  PASSWORD,
  startLedger,
  temporaryFolder,
  type LedgerProcess,
} from '../support/ledger-process.js';

const RUNS = Number(process.env.HOSTILE_RUNS ?? 5_000);
/** The same requests again: HOSTILE_SEED is what a failure says. */
const SEED = Number(process.env.HOSTILE_SEED ?? Date.now() % 1_000_000);
const AT_ONCE = 8;
const CHUNK = 500;
/** No answer takes so long: not one with a pattern, a depth or a length that somebody chose well. */
const LONGEST_MS = 15_000;
const MIB = 1024 * 1024;
/** What may be alive afterwards beyond what was after the first fifth: caches have their bounds. */
const GROWTH_BYTES = 16 * MIB;

/** Lets SIGUSR2 collect garbage, so that what is alive is what is measured. */
const COLLECTING = `
  import { setFlagsFromString } from 'node:v8';
  import { runInNewContext } from 'node:vm';
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  process.on('SIGUSR2', () => collect());
`;

interface Line {
  readonly manifest?: object;
  readonly entry: { readonly source: string; readonly id: string; readonly revision: number };
}

describe('hostile requests', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let ledger: LedgerProcess;
  let port: number;

  beforeAll(async () => {
    folder = await temporaryFolder();
    ledger = await startLedger({
      LEDGER_DATA: `${folder.path}/data`,
      LOG_LEVEL: 'trace',
      NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(COLLECTING)}"`,
    });
    port = Number(new URL(ledger.url).port);
  });
  afterAll(async () => {
    await ledger.stop();
    await folder.remove();
  });

  /** Bytes that are alive in the server: the least of a few looks, as garbage is collected some time after the signal. */
  async function aliveBytes(): Promise<number> {
    let least = Infinity;
    for (let look = 0; look < 6; look++) {
      process.kill(ledger.pid, 'SIGUSR2');
      const metrics = await (await ledger.request('/metrics')).text();
      const valueOf = (name: string): number =>
        Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(metrics)?.[1]);
      const alive = valueOf('nodejs_heap_size_used_bytes') + valueOf('nodejs_external_memory_bytes');
      least = Math.min(least, alive);
    }
    return least;
  }

  async function entries(): Promise<readonly Line['entry'][]> {
    await eventually('the ledger has everything', async () => {
      const { lag } = (await (await ledger.request('/health')).json()) as { lag: { events: number } };
      return lag.events === 0;
    });
    const text = await (await ledger.request('/v1/export')).text();
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
      .filter(({ manifest }) => manifest === undefined)
      .map(({ entry }) => entry);
  }

  it(`${RUNS} of them bring no 5xx, no crash, no growth, and no entry that was not acknowledged`, async () => {
    const before = new Set((await entries()).map(({ source, revision }) => `${source} ${revision}`));
    const arbitrary = hostileRequests(await describeApi('0.0.0'), basic('admin', PASSWORD));
    const events = new Set<string>();
    const schemas = new Set<number>();
    const statuses = new Map<string, number>();
    let warm = 0;

    const look = (request: HostileRequest, got: Exchange): void => {
      for (const problem of problemsOf(got)) {
        const sent = request.bytes.subarray(0, 1_500).toString('latin1');
        expect.fail(`seed ${SEED}, ${request.kind}: ${problem}\n${JSON.stringify(sent)}`);
      }
      for (const answer of got.answers) {
        const taken = acknowledgedIn(answer);
        for (const id of taken.events) events.add(id);
        for (const revision of taken.schemas) schemas.add(revision);
      }
      const said = got.answers.map(({ status }) => status).join('+') || got.end;
      statuses.set(said, (statuses.get(said) ?? 0) + 1);
    };

    for (let done = 0; done < RUNS; done += CHUNK) {
      const numRuns = Math.min(CHUNK, RUNS - done);
      const requests = fc.sample(arbitrary, { numRuns, seed: SEED + done });
      const queue = requests.values();
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (const request of queue) look(request, await exchange(port, request.bytes, LONGEST_MS));
        }),
      );
      if (warm === 0 && done >= RUNS / 5) warm = await aliveBytes();
    }
    const growth = (await aliveBytes()) - warm;

    const recorded = (await entries()).filter(({ source, revision }) => !before.has(`${source} ${revision}`));
    const ofClients = recorded.filter(({ source }) => !source.startsWith('_'));
    process.stdout.write(
      `seed ${SEED}, ${(growth / MIB).toFixed(1)} MiB more, ${ofClients.length} entries, ` +
        `${JSON.stringify(Object.fromEntries([...statuses].sort((a, b) => b[1] - a[1])))}\n`,
    );
    expect(new Set(ofClients.map(({ id }) => id))).toEqual(events);
    // who exported, verified or was refused is recorded by the ledger itself
    const others = recorded.filter(({ source }) => source.startsWith('_') && source !== '_access');
    expect([...new Set(others.map(({ source }) => source))]).toEqual(schemas.size === 0 ? [] : ['_schemas']);
    expect(new Set(others.map(({ revision }) => revision))).toEqual(schemas);
    expect(growth).toBeLessThan(GROWTH_BYTES);
    expect(await ledger.json('/v1/verify')).toMatchObject({ intact: true });
    expect(ledger.log.filter((line) => !line.startsWith('{"level":') || / at |failed/.test(line))).toEqual(
      [],
    );
    expect(await ledger.stop()).toBe(0);
  });
});

/** What an answer must not be, whatever was asked. */
function problemsOf({ answers, rest, end, ms }: Exchange): readonly string[] {
  const problems: string[] = [];
  if (end === 'timeout') problems.push(`no end after ${Math.round(ms)} ms`);
  if (end === 'closed' && rest !== '') problems.push(`no HTTP: ${rest.slice(0, 200)}`);
  for (const { status, fields, body } of answers) {
    // busy with passwords, which says when to come again
    const isBusy = status === 503 && fields.has('retry-after') && body.includes('"login-busy"');
    if (status >= 500 && !isBusy) problems.push(`${status} ${body.slice(0, 500)}`);
    if (status < 400 || body === '' || end === 'left' || body.startsWith('{"results":')) continue;
    if (fields.get('content-type') !== 'application/problem+json') problems.push(`${status} is no problem`);
    if (body.length > 32 * 1024) problems.push(`${status} has ${body.length} bytes`);
    const { status: said } = JSON.parse(body) as { readonly status?: number };
    if (said !== status) problems.push(`${status} says ${said}`);
  }
  return problems;
}
