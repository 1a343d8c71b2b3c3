/** Ports for servers that have to be told theirs before they start. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Above those that fetch does not ask (Fetch Standard, Port blocking: the last is 10080), and below those that systems give to
 * whoever connects, or listens at any port: those are gone a moment later.
 */
const [FROM, TO] = [10_100, 30_000] as const;

/** A port of 127.0.0.1 at which nothing listens. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO);
    const listener = createServer().listen(port, '127.0.0.1');
    const isFree = await once(listener, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    listener.close();
    await once(listener, 'close');
    return port;
  }
}
