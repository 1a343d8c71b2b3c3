import { expect, it } from 'vitest';
import { connect } from '../../src/client/connection.js';
import { sendLines } from '../../src/client/sending.js';

it.each([
  [0, 0],
  [300, 1],
])('with a patience of %i ms, it is said %i times that a server is waited for', async (ms, times) => {
  const nobody = connect({ url: 'http://127.0.0.1:9', password: 'any' });
  let waited = 0;
  const sent = sendLines(nobody, [Buffer.from('{}')], {
    ...{ ms, answered: () => undefined, waiting: () => (waited += 1) },
  });
  await expect(sent).rejects.toMatchObject({ status: null, retryable: true });
  expect(waited).toBe(times);
});
