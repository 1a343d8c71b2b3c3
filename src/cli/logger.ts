/** Logs: JSON lines on standard error, pretty on a terminal. Standard output belongs to the commands' results. */
import pino, { type DestinationStream, type Logger } from 'pino';
import type { LogLevel } from '../config.js';

/** @param pretty for a terminal; unless given, what standard error is decides */
export async function makeLogger(level: LogLevel, pretty = process.stderr.isTTY): Promise<Logger> {
  const destination = pretty ? await terminal() : pino.destination({ dest: 2, sync: true });
  return pino({ level, base: null }, destination);
}

async function terminal(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' });
}
