/** Whom a client asks for: the header field Authorization, made of a user's password or of a token. */

/**
 * An API key (`el_…`) or an access token. Access tokens expire: a function is asked before each request, so let it remember
 * what it gave until that is about to end.
 */
export type Token = string | (() => string | Promise<string>);

/** A token, or a user's password. */
export type ClientCredentials =
  | { readonly token: Token; readonly user?: undefined; readonly password?: undefined }
  | {
      /** `admin` unless given */
      readonly user?: string;
      readonly password: string;
      readonly token?: undefined;
    };

export interface Authorization {
  /** whether what it gives may be another tomorrow */
  readonly changes: boolean;
  /**
   * The value of the header field (RFC 7617, RFC 6750).
   * @throws Error where there is no token now; the message has nothing of one
   */
  value(): Promise<string>;
}

/** What programs in JavaScript give, which no compiler checks: what their environment has. */
interface Given {
  readonly token?: Token | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** @throws TypeError for both a token and a user or a password, for neither, and for what is no token */
export function authorizationOf(credentials: ClientCredentials): Authorization {
  const { token, user, password }: Given = credentials;
  if (token === undefined) {
    if (password === undefined)
      throw new TypeError('give a token, or a password (and its user, admin without one)');
    const value = `Basic ${base64(`${user ?? 'admin'}:${password}`)}`;
    return { changes: false, value: () => Promise.resolve(value) };
  }
  if (user !== undefined || password !== undefined)
    throw new TypeError('give either a token, or a user and a password: both say who asks');
  if (typeof token === 'function') return { changes: true, value: async () => bearer(await token()) };
  const value = bearer(token);
  return { changes: false, value: () => Promise.resolve(value) };
}

/** Whether a text may be sent as Bearer (RFC 6750, 2.1). */
export function isToken(text: unknown): text is string {
  return typeof text === 'string' && /^[\w.~+/-]+=*$/.test(text);
}

/** Anything else fetch would refuse as well, but with the token in its message. */
function bearer(token: unknown): string {
  if (isToken(token)) return `Bearer ${token}`;
  throw new TypeError('the token must be an API key (el_…) or an access token, as text, and nothing else');
}

function base64(text: string): string {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
}
