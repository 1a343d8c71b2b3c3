import { describe, expect, it } from 'vitest';
import { connectToLedger, type LedgerClientOptions } from '../../src/client/index.js';

const url = 'http://127.0.0.1:9';
const connecting = (credentials: object) => () =>
  connectToLedger({ url, ...credentials } as LedgerClientOptions);

describe('a client', () => {
  it.each([
    { token: 'el_x', password: 'p' },
    { token: 'el_x', user: 'ann' },
    { token: () => 'el_x', user: 'ann', password: 'p' },
  ])('is one principal: %j is refused', (credentials) => {
    expect(connecting(credentials)).toThrow(TypeError);
    expect(connecting(credentials)).toThrow(/^give either a token, or a user and a password/);
  });

  it.each([{}, { user: 'ann' }, { token: undefined, password: undefined }])(
    'is somebody: %j is refused',
    (credentials) => {
      expect(connecting(credentials)).toThrow(TypeError);
      expect(connecting(credentials)).toThrow(/^give a token, or a password/);
    },
  );

  it.each(['', 'canary secret', 'canary\n', 'cänary', 'Bearer canary', 7, null])(
    'refuses %j as a token, and does not repeat it',
    (token) => {
      expect(connecting({ token })).toThrow(TypeError);
      expect(connecting({ token })).toThrow(/^(?!.*(canary|cänary)).*must be an API key/s);
    },
  );

  it('takes for granted that what is not given may be undefined', () => {
    expect(connecting({ token: 'el_x', user: undefined, password: undefined })).not.toThrow();
    expect(connecting({ token: undefined, password: 'p' })).not.toThrow();
  });

  it('waits for no token longer than it is asked to, and tells nothing of a wrong one', async () => {
    const never = connectToLedger({ url, token: () => new Promise<string>(() => undefined) });
    never.enqueue({ source: 's', type: 't', payload: 1 });
    expect(await never.close(50)).toHaveLength(1);
    const wrong = connectToLedger({ url, token: () => Promise.resolve('canary\n') });
    const recorded = wrong.record({ source: 's', type: 't', payload: 1 }, { patienceMs: 0 });
    await expect(recorded).rejects.toThrow(/^there is no token to ask with \((?!.*canary)/);
  });
});
