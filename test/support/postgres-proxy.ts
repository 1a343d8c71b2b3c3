/** A way to PostgreSQL that a test can cut: the faults between a statement and its answer. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface PostgresProxy {
  /** the given URL, by way of the proxy */
  readonly url: string;
  /** from now on nothing passes in either direction, and nobody is told: a server that hangs */
  freeze(): void;
  /** from now on what the server says is lost, while it still hears: an answer that never arrives */
  deafen(): void;
  /** let everything pass again, on connections made from now on, and cut those there are */
  heal(): void;
  close(): Promise<void>;
}

type Fault = 'none' | 'frozen' | 'deaf';

export async function startProxy(url: string): Promise<PostgresProxy> {
  const target = addressOf(new URL(url));
  const pairs = new Set<readonly [Socket, Socket]>();
  let fault: Fault = 'none';

  const server = createServer((client) => {
    const upstream = connect(target);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    client.on('data', (bytes) => fault !== 'frozen' && upstream.write(bytes));
    upstream.on('data', (bytes) => fault === 'none' && client.write(bytes));
    for (const [end, other] of [pair, [upstream, client] as const]) {
      end.on('error', () => other.destroy());
      end.on('close', () => {
        pairs.delete(pair);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const [client] of pairs) client.destroy();
  };

  const proxied = new URL(url);
  proxied.hostname = '127.0.0.1';
  proxied.port = String((server.address() as AddressInfo).port);
  proxied.searchParams.delete('host');
  proxied.searchParams.delete('port');
  return {
    url: proxied.href,
    freeze: () => (fault = 'frozen'),
    deafen: () => (fault = 'deaf'),
    heal() {
      cut();
      fault = 'none';
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function addressOf(url: URL): { path: string } | { host: string; port: number } {
  const host = url.searchParams.get('host') ?? url.hostname;
  const port = Number(url.searchParams.get('port') ?? url.port);
  return host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
}
