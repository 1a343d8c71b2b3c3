/** An issuer of tokens on this machine: it serves its keys over HTTP, changes them, goes away and comes back. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { freePort } from '../support/free-port.js';
import { keyPair, type TokenKey } from './token-maker.js';

const DISCOVERY = '/.well-known/openid-configuration';

export class LocalIssuer {
  readonly url: string;
  readonly #port: number;
  #server: Server | null = null;
  /** what it signs with */
  key: TokenKey;
  /** what is in its set of keys */
  published: readonly Record<string, unknown>[];
  /** paths that were asked for */
  readonly asked: string[] = [];
  /** answers in its stead where it is given */
  readonly instead = new Map<string, RequestListener>();
  /** what it says of itself; by default its own name, and where its keys are */
  description: unknown;

  constructor(port: number) {
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.key = keyPair('ES256', 'first');
    this.published = [this.key.jwk];
    this.description = { issuer: this.url, jwks_uri: this.keysUrl };
  }

  static async start(): Promise<LocalIssuer> {
    const issuer = new LocalIssuer(await freePort());
    await issuer.start();
    return issuer;
  }

  get keysUrl(): string {
    return `${this.url}/keys`;
  }

  /** How often its keys were asked for. */
  get timesAsked(): number {
    return this.asked.filter((path) => path === '/keys').length;
  }

  /** Sign with a new key, and publish it alone. */
  rotate(kid: string): void {
    this.key = keyPair('ES256', kid);
    this.published = [this.key.jwk];
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      const path = request.url ?? '';
      this.asked.push(path);
      const instead = this.instead.get(path);
      if (instead !== undefined) {
        instead(request, response);
        return;
      }
      response.setHeader('content-type', 'application/json');
      if (path === DISCOVERY) response.end(JSON.stringify(this.description));
      else if (path === '/keys') response.end(JSON.stringify({ keys: this.published }));
      else response.writeHead(404).end();
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
}
