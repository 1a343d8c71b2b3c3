/** One caller of an API: a connection that is kept, one request after the other, each timed. */
import { Agent, request, type IncomingMessage } from 'node:http';
import { AUTHORIZATION } from './load.js';

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** from the request to the last byte of the answer */
  readonly milliseconds: number;
}

export interface Caller {
  get(path: string): Promise<Answer>;
  /** @param body of one JSON document */
  post(path: string, body: string): Promise<Answer>;
  close(): void;
}

/** @param url of the server */
export function openCaller(url: string): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const call = async (method: string, path: string, body?: string): Promise<Answer> => {
    const began = performance.now();
    const { response, chunks } = await new Promise<Received>((resolve, reject) => {
      const headers = {
        authorization: AUTHORIZATION,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      };
      request(`${url}${path}`, { method, agent, headers })
        .on('response', (message) => receive(message, resolve, reject))
        .on('error', reject)
        .end(body);
    });
    const milliseconds = performance.now() - began;
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString(), milliseconds };
  };
  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    close: () => agent.destroy(),
  };
}

interface Received {
  readonly response: IncomingMessage;
  readonly chunks: readonly Buffer[];
}

function receive(
  response: IncomingMessage,
  resolve: (received: Received) => void,
  reject: (error: Error) => void,
): void {
  const chunks: Buffer[] = [];
  response
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('end', () => resolve({ response, chunks }))
    .on('error', reject);
}
