/** The process that sends load (load.ts): autocannon, each connection with requests of its own. */
import { once } from 'node:events';
import autocannon from 'autocannon';
import type { LoadData, Loaded } from './load.js';

const [data] = (await once(process, 'message')) as [LoadData];
const { url, contentType, authorization, bodies, connections } = data;

let connection = 0;
let began = NaN;
let ended = NaN;

const instance = autocannon(
  {
    url,
    connections,
    amount: bodies.length,
    method: 'POST',
    headers: { authorization, 'content-type': contentType },
    setupClient(client) {
      const from = connection++;
      const own = bodies.filter((_, index) => index % connections === from);
      client.setRequests(own.map((body) => ({ body })));
      began = performance.now();
    },
    // its own clock counts whole ticks
    sampleInt: 20,
  },
  (_error, { statusCodeStats = {}, errors }) => {
    const statuses = Object.keys(statusCodeStats);
    const refused = statuses.some((status) => status !== '202') || errors > 0;
    const loaded: Loaded = { seconds: (ended - began) / 1_000, requests: bodies.length };
    process.send?.(refused ? `answered ${statuses.join(', ')}, and ${errors} errors` : loaded);
    process.disconnect();
  },
);
instance.on('response', () => {
  ended = performance.now();
});
