/** Where an issuer of tokens may be. Its keys come from there: nobody on the way may change what is said. Pure. */

/** Why keys are not asked for at this URL, null when they are. The URL may hold a password: no message repeats it. */
export function urlProblem(text: string): string | null {
  if (!URL.canParse(text)) return 'must be a URL that begins with https://';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'must not hold a user or a password';
  if (text.includes('#')) return 'must not have a fragment';
  if (url.protocol === 'https:' || isLoopback(url)) return null;
  return 'must begin with https:// (http:// only for this machine: 127.0.0.1, [::1] or localhost)';
}

/** The same of an issuer, which has no query either (OpenID Connect Discovery 1.0, 3). */
export function issuerProblem(text: string): string | null {
  return urlProblem(text) ?? (text.includes('?') ? 'must not have a query' : null);
}

/** Why an issuer may not send us there for its keys: only one on this machine names a place on this machine. */
export function keysUrlProblem(text: string, issuer: string): string | null {
  const problem = urlProblem(text);
  if (problem !== null) return problem;
  const isPlain = new URL(text).protocol === 'http:';
  return isPlain && !isLoopback(new URL(issuer)) ? 'must begin with https://, as the issuer does' : null;
}

/** Where an issuer describes itself (OpenID Connect Discovery 1.0, 4): a slash at its end is not doubled. */
export function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

function isLoopback(url: URL): boolean {
  return url.protocol === 'http:' && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
}
