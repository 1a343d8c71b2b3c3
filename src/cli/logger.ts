/** Logs: JSON lines on standard error, pretty on a terminal. Standard output belongs to the commands' results. */
import pino, { type DestinationStream, type Logger } from 'pino';
import type { LogLevel } from '../config.js';

export async function makeLogger(level: LogLevel): Promise<Logger> {
  const destination = process.stderr.isTTY ? await terminal() : pino.destination({ dest: 2, sync: true });
  return pino({ level, base: null }, destination);
}

async function terminal(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' });
}
