/** Load at a steady rate: requests that leave when they are due, whether or not those before them were answered. */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { AUTHORIZATION } from './load.js';

export interface PacedLoad {
  /** ends it; rejects when an answer was not 202 */
  stop(): Promise<{ readonly sent: number }>;
}

const TICK_MS = 2;

/**
 * @param perSecond requests
 * @param bodyOf makes the body of each, JSON
 */
export async function startPacedLoad(
  url: string,
  { connections, perSecond, bodyOf }: { connections: number; perSecond: number; bodyOf: () => string },
): Promise<PacedLoad> {
  const { hostname, port, pathname } = new URL(url);
  const sockets = Array.from({ length: connections }, () => connect(Number(port), hostname));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const free = [...sockets];
  let failure: Error | null = null;
  for (const socket of sockets) {
    // an answer is short enough to come at once
    socket.on('data', (answer: Buffer) => {
      if (!answer.toString('latin1', 0, 12).endsWith('202')) failure ??= new Error(answer.toString());
      free.push(socket);
    });
    socket.on('error', (error) => (failure ??= error));
  }
  const head = `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: ${AUTHORIZATION}\r\n`;
  const send = (socket: Socket): void => {
    const body = bodyOf();
    const length = Buffer.byteLength(body);
    socket.write(`${head}content-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`);
  };

  const began = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - began) / 1_000) * perSecond;
    while (sent < due) {
      const socket = free.shift();
      if (socket === undefined) return;
      send(socket);
      sent += 1;
    }
  }, TICK_MS);
  return {
    async stop() {
      clearInterval(timer);
      while (free.length < connections && failure === null) await sleep(TICK_MS);
      for (const socket of sockets) socket.destroy();
      if (failure !== null) throw failure;
      return { sent };
    },
  };
}
