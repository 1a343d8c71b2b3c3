/** A client that writes what it likes onto a connection. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface RawClient {
  readonly socket: Socket;
  /** all that it was sent so far */
  readonly received: () => string;
  /** resolves with all that it was sent once the server has ended the connection */
  readonly ended: Promise<string>;
}

/** @param url of https: then over TLS, whatever certificate is shown */
export function rawClient(url: string, text = ''): RawClient {
  const { port, protocol } = new URL(url);
  const place = { port: Number(port), host: '127.0.0.1' };
  const socket = protocol === 'https:' ? connectTls({ ...place, rejectUnauthorized: false }) : connect(place);
  const chunks: Buffer[] = [];
  const received = (): string => Buffer.concat(chunks).toString();
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // a connection that is cut off has ended, too
  socket.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(received())));
  if (text !== '') socket.write(text);
  return { socket, received, ended };
}
