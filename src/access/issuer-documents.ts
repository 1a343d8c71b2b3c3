/** What an issuer says over HTTP: where its keys are (OpenID Connect Discovery 1.0), and the keys (RFC 7517). */
import type { JSONWebKeySet } from 'jose';
import { LedgerError } from '../ledger/error.js';
import { isObject } from '../ledger/json-object.js';
import type { Json } from '../ledger/types.js';
import { discoveryUrl, keysUrlProblem } from './issuer-url.js';

/** Longest document that is read, in bytes: a hundred keys with their certificates. */
export const MAX_DOCUMENT_BYTES = 262_144;

export interface KeySource {
  readonly issuer: string;
  /** where its keys are; null: the issuer says it */
  readonly jwksUrl: string | null;
}

/**
 * The keys as they are now.
 * @throws LedgerError `server-unavailable` saying which document could not be had or is none
 */
export async function fetchKeySet(source: KeySource, signal: AbortSignal): Promise<JSONWebKeySet> {
  const url = source.jwksUrl ?? (await discoverKeys(source.issuer, signal));
  const document = await fetchObject(url, signal);
  const { keys } = document;
  if (!Array.isArray(keys) || !keys.every(isObject)) throw unfit(url, 'is no JSON Web Key Set');
  return { keys: [...keys] };
}

/** An issuer that describes another one is refused: it would sign in the other's name (Discovery 1.0, 4.3). */
async function discoverKeys(issuer: string, signal: AbortSignal): Promise<string> {
  const url = discoveryUrl(issuer);
  const document = await fetchObject(url, signal);
  if (document.issuer !== issuer) {
    throw unfit(url, `must have the member issuer, exactly ${JSON.stringify(issuer)}`);
  }
  const jwksUrl = document.jwks_uri;
  if (typeof jwksUrl !== 'string') throw unfit(url, 'must have the member jwks_uri, a string');
  const problem = keysUrlProblem(jwksUrl, issuer);
  if (problem !== null) throw unfit(url, `the member jwks_uri ${problem}`);
  return jwksUrl;
}

async function fetchObject(url: string, signal: AbortSignal): Promise<Readonly<Record<string, Json>>> {
  const bytes = await fetchBytes(url, signal);
  let document: Json;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Json;
  } catch {
    throw unfit(url, 'is no JSON');
  }
  if (!isObject(document)) throw unfit(url, 'is no JSON object');
  return document;
}

/** Redirects are not followed: they would lead past what is checked of a URL. */
async function fetchBytes(url: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    const headers = { accept: 'application/json' };
    const response = await fetch(url, { signal, redirect: 'error', headers });
    if (response.status === 200) return await readLimited(url, response);
    await response.body?.cancel();
    throw unfit(url, `was answered with ${response.status}`);
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    throw unfit(url, `cannot be fetched: ${reasonOf(error)}`, error);
  }
}

async function readLimited(url: string, response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_DOCUMENT_BYTES) throw unfit(url, `has more than ${MAX_DOCUMENT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** fetch itself says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function unfit(url: string, what: string, cause?: unknown): LedgerError {
  return new LedgerError('server-unavailable', `the document at ${url} ${what}`, { cause });
}
