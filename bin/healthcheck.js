#!/usr/bin/env node
// Whether the API or the projector of this machine can serve, for containers, which have no curl at hand: exits 0 or 1.
import { get } from 'node:http';

const port = process.env.PORT || '8080';
process.exitCode = 1;
get({ host: '127.0.0.1', port, path: '/readyz', timeout: 4_000 }, (response) => {
  if (response.statusCode === 200) process.exitCode = 0;
  response.resume();
})
  .on('timeout', function () {
    this.destroy();
  })
  .on('error', () => undefined);
