import { expect, it } from 'vitest';
import { MOST_REMEMBERED, RememberedTokens } from '../../src/access/remembered-tokens.js';
import type { TokenBearer } from '../../src/access/token-answer.js';

const bearer: TokenBearer = {
  ok: true,
  principal: { name: 'oidc:one', roles: [], sources: [] },
  expiresAtMs: 100,
};

it('remembers a token until it expires', () => {
  let now = 0;
  const remembered = new RememberedTokens(() => now);
  remembered.put('a.b.c', { bearer, generation: 1 });

  expect(remembered.get('a.b.d')).toBeNull();
  now = 99;
  expect(remembered.get('a.b.c')).toEqual({ bearer, generation: 1 });
  now = 100;
  expect(remembered.get('a.b.c')).toBeNull();
});

it('remembers no more tokens than it may: those that were verified last', () => {
  const remembered = new RememberedTokens(() => 0);
  for (let at = 0; at < MOST_REMEMBERED; at++) remembered.put(String(at), { bearer, generation: 1 });
  remembered.put('0', { bearer, generation: 2 });
  remembered.put('new', { bearer, generation: 2 });

  expect(remembered.get('0')?.generation).toBe(2);
  expect(remembered.get('1')).toBeNull();
  expect(remembered.get('2')).not.toBeNull();
});
