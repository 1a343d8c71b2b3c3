/** Whose an address is, where what one client may have of something that others want is counted. */
import { isIPv6 } from 'node:net';

/** @returns of IPv6 the network of 64 bits, which one client has to itself; else the address */
export function networkOf(address: string): string {
  // what ends with an address of IPv4 stands for that
  if (!isIPv6(address) || address.includes('.')) return address;
  const [before = [], after = []] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const left = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...left, ...after].slice(0, 4).join(':');
}
