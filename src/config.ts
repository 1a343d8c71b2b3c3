/**
 * The environment, read and checked once. Every mistake is named at once, by the variable it is in.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readTokenSettings, type TokenSettings } from './access/token-settings.js';
import { readProxies } from './config/proxies.js';
import { Variables, type Environment } from './variables.js';

export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where the API listens unless PORT says otherwise. */
export const API_PORT = 8080;

export interface Config {
  readonly host: string;
  /** null: not given; only what serves the API then takes 8080 */
  readonly port: number | null;
  /** the process's own login; null: the embedded server */
  readonly databaseUrl: string | null;
  /** only for migrate and rebuild */
  readonly databaseAdminUrl: string | null;
  /** EventStoreDB; null: the event log is a table in PostgreSQL */
  readonly eventStoreUrl: string | null;
  /** absolute */
  readonly dataDirectory: string;
  readonly origin: string | null;
  readonly adminPassword: string | null;
  /** whose access tokens are taken; null: nobody's */
  readonly tokens: TokenSettings | null;
  /** tails that a process serves at once */
  readonly maxTails: number;
  /** connections that a process has open at once */
  readonly maxConnections: number;
  /** whose pages may ask the API */
  readonly corsOrigins: readonly string[];
  /** each reading of entries is an event of `_access`, too */
  readonly recordReads: boolean;
  /** what servers show as HTTPS; null: they speak plain HTTP */
  readonly tls: TlsFiles | null;
  /** whose X-Forwarded-For and X-Forwarded-Proto are believed */
  readonly proxies: readonly string[];
  /** whether credentials are taken over plain HTTP from other machines, too */
  readonly plainHttp: boolean;
  readonly rates: RateConfig;
  readonly logLevel: LogLevel;
}

/** Absolute paths of PEM files. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

/** What may come in a minute; 0: as much as likes. */
export interface RateConfig {
  /** requests of an address */
  readonly address: number;
  /** requests of a principal */
  readonly principal: number;
  /** wrong passwords for a user from an address */
  readonly failedLogins: number;
}

/** What the commands that talk to the API need to know. */
export interface ClientConfig {
  readonly url: string;
  /** null: not given; then it is a user with a password */
  readonly token: string | null;
  readonly user: string;
  readonly password: string | null;
  /** absolute; the embedded server keeps its admin password there */
  readonly dataDirectory: string;
}

/** What setting up EventStoreDB needs to know. */
export interface EventStoreAdminConfig {
  readonly adminUrl: string;
  /** of the users that it makes; null: not given */
  readonly apiPassword: string | null;
  readonly projectorPassword: string | null;
  /** API processes may read the whole log */
  readonly apiReadsAll: boolean;
}

/** @throws LedgerError `invalid-configuration` naming every variable that is wrong */
export function readConfig(environment: Environment): Config {
  const read = new Reader(environment);
  const config: Config = {
    host: read.text('HOST') ?? '127.0.0.1',
    port: read.port('PORT'),
    databaseUrl: read.url('DATABASE_URL', ['postgres:', 'postgresql:']),
    databaseAdminUrl: read.url('DATABASE_ADMIN_URL', ['postgres:', 'postgresql:']),
    eventStoreUrl: read.eventStoreUrl('EVENTSTORE_URL'),
    dataDirectory: read.dataDirectory(),
    origin: read.origin(),
    adminPassword: read.secret('LEDGER_ADMIN_PASSWORD'),
    tokens: readTokenSettings(read),
    maxTails: read.count('MAX_TAILS', 100_000) ?? 100,
    maxConnections: read.count('MAX_CONNECTIONS', 1_000_000, 1) ?? 10_000,
    corsOrigins: read.origins('CORS_ORIGINS'),
    recordReads: read.oneOf('RECORD_READS', ['true', 'false']) === 'true',
    tls: read.tls(),
    proxies: read.proxies('TRUST_PROXY'),
    plainHttp: read.oneOf('ALLOW_PLAIN_HTTP', ['true', 'false']) === 'true',
    rates: {
      address: read.count('RATE_LIMIT_ADDRESS', 999_999_999) ?? 1_000_000,
      principal: read.count('RATE_LIMIT_PRINCIPAL', 999_999_999) ?? 1_000_000,
      failedLogins: read.count('RATE_LIMIT_FAILED_LOGINS', 1_000_000) ?? 20,
    },
    logLevel: read.oneOf('LOG_LEVEL', LOG_LEVELS) ?? 'info',
  };
  read.finish();
  return config;
}

/** @throws LedgerError `invalid-configuration` naming every variable or option that is wrong */
export function readClientConfig(
  environment: Environment,
  options: { readonly url?: string | undefined; readonly user?: string | undefined },
): ClientConfig {
  const read = new Reader(
    {
      ...environment,
      ...(options.url === undefined ? {} : { LEDGER_URL: options.url, LEDGER_URL_FILE: undefined }),
      ...(options.user === undefined ? {} : { LEDGER_USER: options.user }),
    },
    {
      ...(options.url === undefined ? {} : { LEDGER_URL: '--url' }),
      ...(options.user === undefined ? {} : { LEDGER_USER: '--user' }),
    },
  );
  const token = read.token('LEDGER_TOKEN');
  if (token !== null && read.text('LEDGER_USER') !== null) {
    read.mistake('LEDGER_USER', 'must not be set together with LEDGER_TOKEN: both say who asks');
  }
  const config: ClientConfig = {
    url:
      read.url('LEDGER_URL', ['http:', 'https:'])?.replace(/\/+$/, '') ??
      `${read.tls() === null ? 'http' : 'https'}://127.0.0.1:${read.port('PORT') ?? API_PORT}`,
    token,
    user: read.text('LEDGER_USER') ?? 'admin',
    // it is the server's variable, too, and may be there for that
    password: token === null ? read.secret('LEDGER_ADMIN_PASSWORD') : null,
    dataDirectory: read.dataDirectory(),
  };
  read.finish();
  return config;
}

/** @throws LedgerError `invalid-configuration` naming every variable that is wrong */
export function readEventStoreAdminConfig(environment: Environment): EventStoreAdminConfig {
  const read = new Reader(environment);
  const config: EventStoreAdminConfig = {
    adminUrl:
      read.eventStoreUrl('EVENTSTORE_ADMIN_URL') ??
      read.required('EVENTSTORE_ADMIN_URL', 'esdb://admin:…@host:2113'),
    apiPassword: read.secret('EVENTSTORE_API_PASSWORD'),
    projectorPassword: read.secret('EVENTSTORE_PROJECTOR_PASSWORD'),
    apiReadsAll: read.oneOf('EVENTSTORE_API_READS_ALL', ['true', 'false']) === 'true',
  };
  read.finish();
  return config;
}

class Reader extends Variables {
  /** Stands in the place of a value that must be there. */
  required(name: string, form: string): string {
    if (this.text(name) === null && this.text(`${name}_FILE`) === null) {
      this.mistake(name, `must be set, as ${form}`);
    }
    return '';
  }

  /** A variable that may instead name a file which holds it: NAME_FILE. */
  secret(name: string): string | null {
    const path = this.text(`${name}_FILE`);
    const value = this.text(name);
    if (path === null) return value;
    if (value !== null) return this.mistake(name, `set either ${name} or ${name}_FILE, not both`);
    try {
      const secret = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
      return secret === '' ? this.mistake(`${name}_FILE`, `${path} is empty`) : secret;
    } catch (error) {
      return this.mistake(`${name}_FILE`, `cannot be read: ${(error as Error).message}`);
    }
  }

  tls(): TlsFiles | null {
    const certificate = this.text('TLS_CERT_FILE');
    const key = this.text('TLS_KEY_FILE');
    if (certificate !== null && key !== null) return { certificate: resolve(certificate), key: resolve(key) };
    if (key !== null) return this.mistake('TLS_CERT_FILE', 'must be set together with TLS_KEY_FILE');
    if (certificate !== null) return this.mistake('TLS_KEY_FILE', 'must be set together with TLS_CERT_FILE');
    return null;
  }

  /** An API key or an access token (RFC 6750, 2.1). It is never repeated in a message. */
  token(name: string): string | null {
    const value = this.secret(name);
    if (value === null || /^[\w.~+/-]+=*$/.test(value)) return value;
    return this.mistake(name, 'must be an API key (el_…) or an access token, and nothing else');
  }

  port(name: string): number | null {
    const value = this.text(name);
    if (value === null) return null;
    const port = Number(value);
    return /^\d{1,5}$/.test(value) && port <= 65_535
      ? port
      : this.mistake(name, `must be a port number from 0 to 65535, not ${JSON.stringify(value)}`);
  }

  count(name: string, most: number, least = 0): number | null {
    const value = this.text(name);
    if (value === null) return null;
    const count = Number(value);
    return /^\d{1,9}$/.test(value) && count >= least && count <= most
      ? count
      : this.mistake(name, `must be a whole number from ${least} to ${most}, not ${JSON.stringify(value)}`);
  }

  url(name: string, protocols: readonly string[]): string | null {
    const value = this.secret(name);
    if (value === null) return null;
    const expected = protocols.map((protocol) => `${protocol}//`).join(' or ');
    // The value may hold a password: it is never repeated in a message.
    if (!URL.canParse(value)) return this.mistake(name, `must be a URL that begins with ${expected}`);
    return protocols.includes(new URL(value).protocol)
      ? value
      : this.mistake(name, `must begin with ${expected}`);
  }

  /** It may name several hosts, which no URL does, so only its beginning is looked at here; its client reads the rest. */
  eventStoreUrl(name: string): string | null {
    const value = this.secret(name);
    if (value === null || /^esdb(\+discover)?:\/\/./.test(value)) return value;
    return this.mistake(name, 'must begin with esdb:// or esdb+discover:// (KurrentDB takes them as well)');
  }

  /** Names of origins as browsers send them, with commas between them. */
  origins(name: string): readonly string[] {
    const origins = (this.text(name) ?? '').split(',').flatMap((part) => part.trim() || []);
    const wrong = origins.find(
      (one) => !/^https?:/.test(one) || !URL.canParse(one) || new URL(one).origin !== one,
    );
    if (wrong !== undefined) {
      this.mistake(
        name,
        `must be origins as https://console.example, with commas between them, not ${JSON.stringify(wrong)}`,
      );
    }
    return origins;
  }

  proxies(name: string): readonly string[] {
    const proxies = readProxies(this.text(name) ?? '');
    if (!('mistake' in proxies)) return proxies;
    this.mistake(name, proxies.mistake);
    return [];
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | null {
    const value = this.text(name);
    if (value === null) return null;
    return (
      choices.find((choice) => choice === value) ??
      this.mistake(name, `must be one of ${choices.join(', ')}, not ${JSON.stringify(value)}`)
    );
  }

  dataDirectory(): string {
    return resolve(this.text('LEDGER_DATA') ?? '.event-ledger');
  }

  /** A C2SP tlog origin: a name without white space or plus signs, best a schema-less URL. */
  origin(): string | null {
    const value = this.text('LEDGER_ORIGIN');
    if (value === null) return null;
    return /^[^\s+\p{Cc}]{1,255}$/u.test(value)
      ? value
      : this.mistake(
          'LEDGER_ORIGIN',
          'must be 1 to 255 characters without white space, + or control characters',
        );
  }
}
