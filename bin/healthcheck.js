#!/usr/bin/env node
// Whether the API or the projector of this machine can serve, for containers, which have no curl at hand: exits 0 or 1.
import { get as getPlain } from 'node:http';
import { get as getSecured } from 'node:https';

const port = process.env.PORT || '8080';
const get = process.env.TLS_CERT_FILE ? getSecured : getPlain;
process.exitCode = 1;
// The certificate is for the name that clients use, not for 127.0.0.1; nothing secret is sent, and within one machine there is
// nobody to be taken for another.
get({ host: '127.0.0.1', port, path: '/readyz', timeout: 4_000, rejectUnauthorized: false }, (response) => {
  if (response.statusCode === 200) process.exitCode = 0;
  response.resume();
})
  .on('timeout', function () {
    this.destroy();
  })
  .on('error', () => undefined);
