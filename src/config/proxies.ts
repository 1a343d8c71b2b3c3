/** Whom X-Forwarded-For and X-Forwarded-Proto are believed of: addresses, networks, or what some of these are called. */
import { isIP } from 'node:net';

/** As @fastify/proxy-addr has them. */
const NAMES: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal']);

const FORM =
  'must be addresses (10.0.0.5), networks (10.0.0.0/8, fd00::/8), loopback, linklocal or uniquelocal, with commas between them';

/** @returns the parts, or what is wrong with them, in words */
export function readProxies(text: string): readonly string[] | { readonly mistake: string } {
  const parts = text.split(',').flatMap((part) => part.trim() || []);
  // Who counts hops takes whoever connects for the proxy: a client that comes past it would choose its address.
  if (parts.some((part) => /^\d+$/.test(part)))
    return { mistake: `${FORM}; a number of hops does not say who they are` };
  const wrong = parts.find((part) => !NAMES.has(part) && !isNetwork(part));
  return wrong === undefined ? parts : { mistake: `${FORM}, not ${JSON.stringify(wrong)}` };
}

/** All addresses at once (/0) are no network that belongs to a proxy. */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const most = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  if (most === 0 || address.includes('%') || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= most);
}
