import { describe, expect, it } from 'vitest';
import { runCommand, type Finished } from '../support/ledger-process.js';
import { ownLedgers } from '../support/own-ledgers.js';

const own = ownLedgers();

interface Issued {
  readonly credential: { readonly id: string; readonly name: string };
  readonly secret: string;
}

const credential = (...args: readonly string[]): Promise<Finished> =>
  runCommand(['credential', ...args], { LEDGER_DATA: `${own.folder}/data` });

describe('event-ledger credential', () => {
  it('lets somebody into a ledger that runs, shows the secret once, and keeps them out again', async () => {
    const ledger = await own.start();
    const statusFor = async (secret: string): Promise<number> =>
      (await ledger.request('/metrics', { headers: { authorization: `Bearer ${secret}` } })).status;
    const added = await credential('add', 'prometheus', '--role', 'monitor', '--expires-in', '90d');
    expect([added.code, added.stderr]).toEqual([0, expect.stringContaining('prometheus  monitor') as string]);
    const secret = added.stdout.trimEnd();
    expect(secret).toMatch(/^el_[0-9a-f]{12}_[\w-]{43}$/);
    await expect.poll(() => statusFor(secret)).toBe(200);

    const id = secret.slice(3, 15);
    const rotated = JSON.parse((await credential('rotate', id, '--json')).stdout) as Issued;
    await expect.poll(() => statusFor(rotated.secret)).toBe(200);
    expect(await statusFor(secret)).toBe(401);

    const listed = await credential('list');
    expect(listed.stdout).toContain(rotated.credential.id);
    expect(listed.stdout).not.toContain(id);
    expect((await credential('revoke', rotated.credential.id)).code).toBe(0);
    await expect.poll(() => statusFor(rotated.secret)).toBe(401);

    const all = await credential('list', '--json');
    expect(JSON.parse(all.stdout)).toMatchObject({ credentials: [{ id }, { id: rotated.credential.id }] });
    const told = [added.stderr, listed.stdout, all.stdout, ...ledger.log].join('\n');
    for (const each of [secret, rotated.secret]) expect(told).not.toContain(each.slice(16));
  });

  it('says what is wrong with an argument, and ends with 2', async () => {
    const ledger = await own.start();
    for (const [args, message] of [
      [['add', 'billing', '--role', 'writer'], /the sources must be given/],
      [['add', 'billing', '--role', 'wizard'], /the role 'wizard' must be one of/],
      [['add', 'billing', '--role', 'monitor', '--expires-in', 'soon'], /--expires-in soon/],
      [['revoke', '000000000000'], /no credential "000000000000"/],
    ] as const) {
      const { code, stdout, stderr } = await credential(...args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(message);
    }
    // with nothing running, it runs the database for as long as it needs it
    await ledger.stop();
    expect(await credential('add', 'billing', '--role', 'writer', '--source', 'billing.*')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^el_/) as string,
    });
  });
});
