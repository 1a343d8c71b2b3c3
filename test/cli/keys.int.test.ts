import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../src/access/principal.js';
import { event } from '../support/api.js';
import { startKeyedApi, type KeyedApi } from '../support/keyed-api.js';
import { runCommand, startCommand, temporaryFolder, type Finished } from '../support/ledger-process.js';

let keyed: KeyedApi;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const keys = new Map<Role, string>();
beforeAll(async () => {
  folder = await temporaryFolder();
  keyed = await startKeyedApi();
  for (const role of ['writer', 'reader', 'auditor', 'monitor', 'admin'] as const) {
    const sources = role === 'writer' || role === 'reader' ? ['billing'] : [];
    keys.set(role, (await keyed.issue({ name: `some-${role}`, roles: [role], sources })).secret);
  }
  await keyed.api.post('/v1/events', event());
  await keyed.api.caughtUp();
});
afterAll(async () => {
  await keyed.close();
  await folder.remove();
});

const keyOf = (role: Role): string => keys.get(role) ?? '';

/** Nothing but a key: neither a password nor a data directory that holds one. */
const settings = (token: Record<string, string>): Record<string, string> => ({
  ...{ LEDGER_URL: keyed.api.url, LEDGER_DATA: folder.path, LEDGER_ADMIN_PASSWORD: '' },
  ...token,
});

async function run(token: string, args: readonly string[], input?: string): Promise<Finished> {
  const finished = await runCommand(args, settings({ LEDGER_TOKEN: token }), input);
  expect(`${finished.stdout}${finished.stderr}`).not.toContain(token.slice(16));
  return finished;
}

const line = JSON.stringify(event({ id: 'one' }));

describe('LEDGER_TOKEN', () => {
  it.each([
    ['writer', ['import', '-'], /1/],
    ['auditor', ['verify'], /intact/],
    ['auditor', ['export'], /"manifest"/],
    ['monitor', ['status'], /^status +ok[^]*events +not known/],
    ['admin', ['status'], /^status +ok[^]*events +\d+ accepted/],
  ] as const)('of a %s does what its role is for: %j', async (role, args, output) => {
    const { code, stdout, stderr } = await run(keyOf(role), args, line);
    expect([code, stderr.includes('forbidden')]).toEqual([0, false]);
    expect(stdout).toMatch(output);
  });

  it('of a reader shows what comes next of its sources', async () => {
    const tail = startCommand(['tail', '--json'], settings({ LEDGER_TOKEN: keyOf('reader') }));
    let sent = 0;
    await expect
      .poll(async () => {
        await keyed.api.post('/v1/events', [event({ source: 'web' }), event({ payload: (sent += 1) })]);
        return tail.lines().length;
      })
      .toBeGreaterThan(0);
    expect(await tail.stop()).toBe(0);
    for (const shown of tail.lines()) expect(shown).toContain('"source":"billing"');
  });

  it.each([
    ['reader', ['import', '-'], /answered 403: This needs the right to write/],
    ['writer', ['verify'], /answered 403: This needs the right to verify/],
    ['reader', ['export'], /answered 403: This needs the right to verify/],
    ['monitor', ['tail'], /answered 403: This needs the right to read/],
    ['auditor', ['status'], /is ok; more it tells to those alone who may monitor/],
  ] as const)('of a %s does nothing else, and ends with 2: %j', async (role, args, message) => {
    const { code, stdout, stderr } = await run(keyOf(role), args, line);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it('that is wrong is named by where it came from, and ends with 2', async () => {
    const wrong = `el_000000000000_${'x'.repeat(43)}`;
    const { code, stderr } = await run(wrong, ['verify']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/answered 401: The key or token is wrong.*\. Check LEDGER_TOKEN\.$/m);
  });

  it('may be in a file', async () => {
    const path = `${folder.path}/key`;
    await writeFile(path, `${keyOf('auditor')}\n`);
    const { code } = await runCommand(['verify'], settings({ LEDGER_TOKEN_FILE: path }));
    expect(code).toBe(0);
  });

  it('comes before the password of the configuration, and of the data directory', async () => {
    await writeFile(`${folder.path}/admin-password`, 'of another ledger\n');
    const token = { LEDGER_TOKEN: keyOf('auditor'), LEDGER_ADMIN_PASSWORD: 'wrong' };
    expect((await runCommand(['verify'], settings(token))).code).toBe(0);
  });
});
