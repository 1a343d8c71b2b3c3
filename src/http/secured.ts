/** HTTPS in the place of HTTP: what a server is given for it, and what its connections need besides. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer, type TlsOptions, type TLSSocket } from 'node:tls';
import type { ServerCertificate } from './certificate.js';

/** @param handshakeMs from the connection's beginning to the end of the handshake */
export function optionsOfTls(certificate: ServerCertificate, handshakeMs: number): TlsOptions {
  // http has it by itself: clients may shut down their sending side, and are answered (lingering.ts)
  return { ...certificate.context, handshakeTimeout: handshakeMs, allowHalfOpen: true };
}

/** The event by which a server tells of a connection that requests come over. */
export function connectionEvent(server: Server): 'connection' | 'secureConnection' {
  return server instanceof TlsServer ? 'secureConnection' : 'connection';
}

/**
 * Connections that never get as far as HTTP: nothing is said to them, in TLS there is nobody to say it to yet.
 * @returns cuts off those that are open, which no server of HTTP knows of while their handshake lasts
 */
export function followHandshakes(server: Server): () => void {
  if (!(server instanceof TlsServer)) return () => undefined;
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  // before those who would answer a client's mistake in HTTP (errors.ts)
  server.prependListener('tlsClientError', (_error: Error, socket: TLSSocket) => socket.destroy());
  return () => {
    for (const socket of open) socket.destroy();
  };
}
