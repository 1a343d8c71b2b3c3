/** Where a server is reached: a Unix socket when its path fits into an address, else a port of this machine alone. */
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

export type Endpoint =
  | { readonly kind: 'socket'; readonly directory: string; readonly port: number }
  | { readonly kind: 'tcp'; readonly port: number };

/** The number in a socket's file name; sockets of different clusters lie in different directories. */
const SOCKET_PORT = 5432;

/** sockaddr_un holds 108 bytes on Linux and 104 on macOS and the BSDs, the final NUL included. */
const LONGEST_SOCKET_PATH = process.platform === 'linux' ? 107 : 103;

/** A connection within the machine is made at once or never. */
const ANSWER_MS = 1000;

function socketPath(directory: string): string {
  return join(directory, `.s.PGSQL.${SOCKET_PORT}`);
}

/** @param socketDirectory where a socket may be made; it need not exist yet */
export async function chooseEndpoint(socketDirectory: string): Promise<Endpoint> {
  const length = Buffer.byteLength(socketPath(socketDirectory));
  return process.platform !== 'win32' && length <= LONGEST_SOCKET_PATH
    ? { kind: 'socket', directory: socketDirectory, port: SOCKET_PORT }
    : { kind: 'tcp', port: await freePort() };
}

/** A port that is free now; whoever takes it next may find it taken. */
async function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Whether anything takes connections there. */
export async function answers(endpoint: Endpoint): Promise<boolean> {
  const address =
    endpoint.kind === 'socket'
      ? { path: socketPath(endpoint.directory) }
      : { host: '127.0.0.1', port: endpoint.port };
  return new Promise((resolve) => {
    const socket = connect(address);
    const answer = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
    socket.setTimeout(ANSWER_MS, () => answer(false));
  });
}

/** The URL of a database there, as pg and libpq read it; nothing in the environment (PGSSLMODE) changes it. */
export function urlOf(
  endpoint: Endpoint,
  login: { readonly user: string; readonly password: string },
  database: string,
): string {
  const authority = `${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}`;
  const place =
    endpoint.kind === 'socket'
      ? `localhost/${encodeURIComponent(database)}?host=${encodeURIComponent(endpoint.directory)}&port=${endpoint.port}&`
      : `127.0.0.1:${endpoint.port}/${encodeURIComponent(database)}?`;
  return `postgresql://${authority}@${place}sslmode=disable`;
}
