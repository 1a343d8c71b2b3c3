/** The way to the double's gRPC server: a port of its own, whose connections a test can cut, freeze and thaw. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface Gate {
  readonly port: number;
  /** reset connections: all, or the one that the server sees coming from a port */
  cut(peerPort?: number): void;
  /** from now on connections are taken and nothing passes, in either direction: a process that was stopped */
  freeze(): void;
  /** let what was held back pass, and all that follows */
  thaw(): void;
  /** refuse connections, and reset those there are */
  close(): Promise<void>;
}

/**
 * Open the gate on 127.0.0.1.
 * @param target the server's own port
 * @param port 0: any free one
 */
export async function openGate(target: number, port = 0): Promise<Gate> {
  const pairs = new Map<Socket, Socket>();
  let frozen = false;

  const server = createServer({ noDelay: true, pauseOnConnect: true }, (client) => {
    const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true });
    pairs.set(client, upstream);
    client.on('close', () => pairs.delete(client));
    pipe(client, upstream, () => frozen);
    pipe(upstream, client, () => frozen);
    hold(client, upstream, frozen);
  });
  await listen(server, port);

  const cut = (peerPort?: number): void => {
    for (const [client, upstream] of pairs) {
      if (peerPort !== undefined && upstream.localPort !== peerPort) continue;
      client.resetAndDestroy();
      upstream.destroy();
    }
  };
  const holdAll = (): void => pairs.forEach((upstream, client) => hold(client, upstream, frozen));
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    freeze() {
      frozen = true;
      holdAll();
    },
    thaw() {
      frozen = false;
      holdAll();
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      cut();
      await closed;
    },
  };
}

function pipe(from: Socket, to: Socket, frozen: () => boolean): void {
  from.on('data', (bytes) => {
    if (!to.write(bytes)) from.pause();
  });
  to.on('drain', () => {
    if (!frozen()) from.resume();
  });
  from.on('end', () => to.end());
  from.on('error', () => to.destroy());
  from.on('close', (failed) => {
    if (failed) to.destroy();
    else to.end();
  });
}

function hold(client: Socket, upstream: Socket, frozen: boolean): void {
  for (const socket of [client, upstream]) {
    if (frozen) socket.pause();
    else socket.resume();
  }
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}
