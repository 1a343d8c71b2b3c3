import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PASSWORD, startApi, type TestApi } from '../../support/api.js';

let api: TestApi;
let document: string;
beforeAll(async () => {
  api = await startApi();
  document = await readFile(new URL('../../../docs/cloudevents.md', import.meta.url), 'utf8');
});
afterAll(() => api.close());

async function run(program: string, ...parameters: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, parameters, {
    env: { PATH: process.env.PATH, LEDGER_URL: api.url, LEDGER_ADMIN_PASSWORD: PASSWORD },
  });
  return stdout;
}

it('the examples of docs/cloudevents.md run as they stand', async () => {
  const examples = [...document.matchAll(/```sh\n([^]*?)```/g)].map(([, example = '']) => example);
  const reading = examples.pop() ?? '';
  for (const example of examples) {
    const answer = JSON.parse(await run('sh', '-c', example)) as {
      status?: string;
      results?: readonly unknown[];
    };
    expect(answer.results?.[0] ?? answer).toMatchObject({ source: '/mycontext' });
  }
  await api.caughtUp();
  expect(JSON.parse(await run('sh', '-c', reading))).toEqual([
    {
      specversion: '1.0',
      id: 'A234-1234-1234',
      source: '/mycontext',
      type: 'com.example.someevent',
      time: '2018-04-05T17:31:00Z',
      comexampleothervalue: 5,
      data: { appinfoA: 'abc' },
    },
    {
      specversion: '1.0',
      id: 'B234',
      source: '/mycontext',
      type: 'com.example.someevent',
      datacontenttype: 'application/xml',
      data: '<much wow="xml"/>',
    },
    {
      specversion: '1.0',
      id: 'C234',
      source: '/mycontext',
      type: 'com.example.someevent',
      subject: 'Euro €',
      datacontenttype: 'image/png',
      data_base64: 'iVBORw==',
    },
  ]);
});

it('the program of docs/cloudevents.md runs as it stands', async () => {
  const [, program = ''] = /```js\n([^]*?)```/.exec(document) ?? [];
  const output = await run(process.execPath, '--input-type=module', '-e', program);
  expect(output.trimEnd().split('\n')).toEqual([
    '201',
    'queued',
    'order-17 com.example.order.placed { amount: 12.5 }',
  ]);
});
