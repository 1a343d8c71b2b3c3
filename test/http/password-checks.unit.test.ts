import { describe, expect, it, vi } from 'vitest';
import type { KnownCredential } from '../../src/access/credential.js';
import { hashOfPassword, hashOfSecret } from '../../src/access/secret.js';
import { PasswordChecks } from '../../src/http/password-checks.js';

const known: KnownCredential = {
  id: '0123456789ab',
  principal: { name: 'auditor', roles: ['auditor'], sources: [] },
  hash: hashOfSecret('right'),
  salt: Buffer.alloc(16),
  expiresAtMs: Infinity,
};

/** Counts, and ends a check when it is told to. */
function checksWithHand(): {
  readonly checks: PasswordChecks;
  readonly hashed: readonly string[];
  readonly finish: () => void;
} {
  const hashed: string[] = [];
  const finishing: (() => void)[] = [];
  const checks = new PasswordChecks((password) => {
    hashed.push(password);
    return new Promise((resolve) => finishing.push(() => resolve(hashOfSecret(password))));
  });
  return { checks, hashed, finish: () => finishing.shift()?.() };
}

describe('a password', () => {
  it('is checked once, and remembered for a while when it was right', async () => {
    vi.useFakeTimers();
    try {
      const { checks, hashed, finish } = checksWithHand();
      const answers = Array.from({ length: 100 }, () => checks.check(known, 'auditor', 'right', '192.0.2.1'));
      finish();
      expect(new Set(await Promise.all(answers))).toEqual(new Set([true]));
      expect([hashed, checks.remembers(known, 'right')]).toEqual([['right'], true]);
      expect(checks.remembers(known, 'Right')).toBe(false);
      expect(checks.remembers({ ...known, id: 'ba9876543210' }, 'right')).toBe(false);
      vi.advanceTimersByTime(600_000);
      expect(checks.remembers(known, 'right')).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  it('that is wrong costs as many hashes as one of a user whom nobody knows', async () => {
    const { checks, hashed, finish } = checksWithHand();
    const right = checks.check(known, 'auditor', 'right', '192.0.2.1');
    finish();
    await right;
    const wrong = checks.check(known, 'auditor', 'wrong', '192.0.2.1');
    const unknown = checks.check(null, 'nobody', 'wrong', '192.0.2.1');
    finish();
    finish();
    expect(await Promise.all([wrong, unknown])).toEqual([false, false]);
    expect(hashed).toEqual(['right', 'wrong', 'wrong']);
    expect(checks.remembers(known, 'wrong')).toBe(false);
  });

  it('waits for its turn: two are hashed at once, and beyond twenty nobody waits', async () => {
    const { checks, hashed, finish } = checksWithHand();
    const waiting = Array.from({ length: 20 }, (_, index) =>
      checks.check(null, 'nobody', `guess ${index}`, '192.0.2.1'),
    );
    await expect(checks.check(known, 'auditor', 'right', '192.0.2.1')).rejects.toMatchObject({
      problem: { code: 'login-busy', retryAfter: 2 },
    });
    expect(hashed).toHaveLength(2);
    for (let done = 0; done < 20; done += 1) {
      await vi.waitFor(() => expect(hashed).toHaveLength(Math.min(20, done + 2)));
      finish();
    }
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([false]));
    const after = checks.check(known, 'auditor', 'right', '192.0.2.1');
    finish();
    expect(await after).toBe(true);
  });

  it('gives way to one of another address where its own has the most waiting', async () => {
    const { checks, hashed, finish } = checksWithHand();
    const guesses = Array.from({ length: 20 }, (_, index) =>
      checks.check(null, 'nobody', `guess ${index}`, '192.0.2.66').catch(() => 'refused'),
    );
    const right = checks.check(known, 'auditor', 'right', '192.0.2.1');
    expect(await guesses[19]).toBe('refused');
    await expect(checks.check(null, 'nobody', 'another', '192.0.2.66')).rejects.toMatchObject({
      problem: { code: 'login-busy' },
    });
    for (let done = 0; done < 20; done += 1) {
      await vi.waitFor(() => expect(hashed).toHaveLength(Math.min(20, done + 2)));
      finish();
    }
    expect(await right).toBe(true);
    expect(hashed.at(-1)).toBe('right');
    expect(new Set(await Promise.all(guesses.slice(0, 19)))).toEqual(new Set([false]));
  });

  it('that let somebody in is known without a hash for as long as they stay, and no other one', async () => {
    vi.useFakeTimers();
    try {
      const { checks, hashed, finish } = checksWithHand();
      const right = checks.check(known, 'auditor', 'right', '192.0.2.1');
      finish();
      await right;
      vi.advanceTimersByTime(600_001);
      expect(checks.remembers(known, 'right')).toBe(false);
      expect(checks.hasFoundRight(known, 'right')).toBe(true);
      expect(checks.hasFoundRight(known, 'wrong')).toBe(false);
      expect(checks.hasFoundRight({ ...known, id: 'ba9876543210' }, 'right')).toBe(false);
      expect(hashed).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is compared with scrypt of 2^14, 8 and 5 rounds', async () => {
    const { scryptSync } = await import('node:crypto');
    const salt = Buffer.from('salt of the test');
    const derived = scryptSync('right', salt, 32, { N: 16_384, r: 8, p: 5 });
    expect(await hashOfPassword('right', salt)).toEqual(derived);
  });
});
