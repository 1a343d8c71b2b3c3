import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startKeyedApi, type KeyedApi } from '../support/keyed-api.js';

let keyed: KeyedApi;
beforeAll(async () => {
  keyed = await startKeyedApi();
});
afterAll(() => keyed.close());

it('the example of docs/client.md runs as it stands', async () => {
  const document = await readFile(new URL('../../docs/client.md', import.meta.url), 'utf8');
  const [, example = ''] = /```js\n([^]*?)```/.exec(document) ?? [];
  const client = new URL('../../src/client/index.ts', import.meta.url).href;
  const program = example.replace("'event-ledger/client'", JSON.stringify(client));
  const billing = { roles: ['writer', 'reader'], sources: ['billing'] } as const;
  const { secret } = await keyed.issue({ name: 'billing-service', ...billing });
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', program],
    { env: { PATH: process.env.PATH, LEDGER_URL: keyed.api.url, LEDGER_TOKEN: secret } },
  );
  expect(stdout.trimEnd().split('\n')).toEqual([
    'recorded accepted',
    "customer.billed { amount: 12.5, currency: 'EUR', customerId: 'c-1' } 0",
    "customer.deactivated { customerId: 'c-1' } 0",
    '0',
  ]);
});
