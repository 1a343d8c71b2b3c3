import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PASSWORD, startApi, type TestApi } from '../support/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

it('the example of docs/client.md runs as it stands', async () => {
  const document = await readFile(new URL('../../docs/client.md', import.meta.url), 'utf8');
  const [, example = ''] = /```js\n([^]*?)```/.exec(document) ?? [];
  const client = new URL('../../src/client/index.ts', import.meta.url).href;
  const program = example.replace("'event-ledger/client'", JSON.stringify(client));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', program],
    { env: { PATH: process.env.PATH, LEDGER_URL: api.url, LEDGER_ADMIN_PASSWORD: PASSWORD } },
  );
  expect(stdout.trimEnd().split('\n')).toEqual([
    'recorded accepted',
    "customer.billed { amount: 12.5, currency: 'EUR', customerId: 'c-1' } 0",
    "customer.deactivated { customerId: 'c-1' } 0",
    '0',
  ]);
});
