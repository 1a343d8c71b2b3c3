/** A client that writes what it likes onto a connection. */
import { connect, type Socket } from 'node:net';

export interface RawClient {
  readonly socket: Socket;
  /** all that it was sent so far */
  readonly received: () => string;
  /** resolves with all that it was sent once the server has ended the connection */
  readonly ended: Promise<string>;
}

export function rawClient(url: string, text = ''): RawClient {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
  const chunks: Buffer[] = [];
  const received = (): string => Buffer.concat(chunks).toString();
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // a connection that is cut off has ended, too
  socket.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(received())));
  if (text !== '') socket.write(text);
  return { socket, received, ended };
}
