import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { writeCertificate } from '../support/certificate.js';
import { COMMAND, eventually, PASSWORD, runCommand } from '../support/ledger-process.js';
import { ownLedgers } from '../support/own-ledgers.js';

const ROOT = new URL('../..', import.meta.url).pathname;

const own = ownLedgers();

/** What a program does with the client, told the ledger's URL. */
const PROGRAM = `
const { connectToLedger } = await import('${ROOT}src/client/index.ts');
const ledger = connectToLedger({ url: process.argv[1], password: '${PASSWORD}' });
const event = { source: 'billing', type: 'customer.billed', payload: { customerId: 'c-1', amount: 1 } };
console.log((await ledger.record(event, { waitSeconds: 10 })).status);
await ledger.close();
`;

async function recorded(url: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const args = ['--import', 'tsx', '--input-type=module', '--eval', PROGRAM, url];
  const env = { PATH: process.env.PATH ?? '', ...environment };
  return (await promisify(execFile)(process.execPath, args, { env, cwd: ROOT })).stdout.trim();
}

const healthy = (environment: Readonly<Record<string, string>>): Promise<boolean> =>
  promisify(execFile)(process.execPath, [`${ROOT}bin/healthcheck.js`], { env: environment }).then(
    () => true,
    () => false,
  );

it('with a certificate serves HTTPS, to programs and commands that trust a private authority', async () => {
  const { files, authority } = await writeCertificate(own.folder);
  const ca = `${own.folder}/ca.crt`;
  await writeFile(ca, authority);
  const settings = { TLS_CERT_FILE: files.certificate, TLS_KEY_FILE: files.key };
  const secured = await own.start(settings);
  const { url, log } = secured;
  expect(url).toMatch(/^https:\/\/127\.0\.0\.1:/);
  expect(log.join('\n')).toContain(`"url":"${url}"`);

  const { port: PORT } = new URL(url);
  expect(await healthy({ PORT, ...settings })).toBe(true);
  expect(await healthy({ PORT })).toBe(false);

  const trusting = { NODE_EXTRA_CA_CERTS: ca };
  expect(await recorded(url, trusting)).toBe('recorded');
  const verified = await runCommand(['verify', '--json'], { LEDGER_URL: url, ...trusting });
  expect(JSON.parse(verified.stdout)).toMatchObject({ intact: true });
  // on the same machine the settings of the server are enough
  expect((await runCommand(['status'], { PORT, ...settings, ...trusting })).code).toBe(0);
  const doubting = await runCommand(['status'], { LEDGER_URL: url });
  expect([doubting.code, doubting.stderr]).toEqual([3, expect.stringMatching(/certificate/)]);
  expect(await secured.stop()).toBe(0);
});

it('reads the certificate again on SIGHUP, and stops on it without one', async () => {
  const written = await writeCertificate(own.folder);
  const { files } = written;
  const secured = await own.start({ TLS_CERT_FILE: files.certificate, TLS_KEY_FILE: files.key });
  const ca = `${own.folder}/ca.crt`;
  await writeFile(ca, await written.renew());
  process.kill(secured.pid, 'SIGHUP');
  await eventually('to be read again', () =>
    Promise.resolve(secured.log.some((line) => line.includes('the certificate was read again'))),
  );
  const { code } = await runCommand(['status'], { LEDGER_URL: secured.url, NODE_EXTRA_CA_CERTS: ca });
  expect(code).toBe(0);
  expect(await secured.stop('SIGTERM')).toBe(0);

  // reached from elsewhere it says what it will refuse, and what it will take
  const told = /credentials from other machines are (\w+) over plain HTTP/;
  expect(secured.log.join('\n')).not.toMatch(told);
  const plain = await own.start({ HOST: '0.0.0.0' });
  expect(told.exec(plain.log.join('\n'))?.[1]).toBe('refused');
  expect(await plain.stop('SIGHUP')).toBe(0);
  const open = await own.start({ HOST: '0.0.0.0', ALLOW_PLAIN_HTTP: 'true', TRUST_PROXY: '10.0.0.5' });
  expect(told.exec(open.log.join('\n'))?.[1]).toBe('taken');
});

it.each([
  [{ TLS_CERT_FILE: COMMAND }, 'TLS_KEY_FILE: must be set together with TLS_CERT_FILE'],
  [{ TLS_KEY_FILE: COMMAND }, 'TLS_CERT_FILE: must be set together with TLS_KEY_FILE'],
  [{ TLS_CERT_FILE: COMMAND, TLS_KEY_FILE: COMMAND }, 'holds no certificate in PEM'],
  [{ TLS_CERT_FILE: '/none', TLS_KEY_FILE: '/none' }, 'TLS_CERT_FILE: cannot be read: ENOENT'],
])('does not start with %s', async (settings, message) => {
  const { code, stderr } = await runCommand(['start'], { LEDGER_DATA: own.folder, ...settings });
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});
