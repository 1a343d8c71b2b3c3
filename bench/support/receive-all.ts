/** Answers that are taken and thrown away. */
import { get } from 'node:http';
import { AUTHORIZATION } from './load.js';

/**
 * By node:http: fetch gives up an answer whose next byte takes long.
 * @throws Error when it is not 200, does not come to its end, or nobody wants it any more
 */
export async function receiveAll(
  { url }: { readonly url: string },
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  const headers = { authorization: AUTHORIZATION, accept: 'application/x-ndjson' };
  await new Promise<void>((resolve, reject) => {
    get(`${url}${path}`, { headers, ...(signal && { signal }) }, (response) => {
      response.on('error', reject).on('end', resolve).resume();
      if (response.statusCode !== 200) reject(new Error(`${path}: ${response.statusCode}`));
    }).on('error', reject);
  });
}
