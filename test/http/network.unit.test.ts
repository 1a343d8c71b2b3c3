import { expect, it } from 'vitest';
import { networkOf } from '../../src/http/network.js';

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::5', '2001:db8:0:0'],
  ['1::2:3:4:5:6:7', '1:0:2:3'],
  ['::1', '0:0:0:0'],
  ['', ''],
])('%s is one of %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
