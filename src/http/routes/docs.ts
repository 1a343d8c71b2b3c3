/**
 * /docs: /openapi.json as a page to read and to try things on. All of it comes from here, and the browser is told to take
 * nothing from anywhere else. Of @fastify/swagger-ui it is the files alone that are used: its own routes would be without
 * our problems and header fields, and loading what serves them would take a tenth of a second of every start.
 */
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { JSON_TYPE } from '../documents.js';
import type { App } from '../services.js';

const HTML_TYPE = 'text/html';
const SCRIPT_TYPE = 'text/javascript';

/** Names in the package, and their media types. */
const FILES = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': SCRIPT_TYPE,
  'favicon-32x32.png': 'image/png',
} as const;

/** Written relative to /docs, so that a proxy may serve it under a path of its own. */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>event-ledger</title>
    <link rel="stylesheet" href="docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="docs/favicon-32x32.png">
  </head>
  <body>
    <div id="page"></div>
    <noscript>This page needs JavaScript; <a href="openapi.json">openapi.json</a> is what it shows.</noscript>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/page.js"></script>
  </body>
</html>
`;

const SCRIPT = `SwaggerUIBundle({
  dom_id: '#page',
  url: 'openapi.json',
  // nobody else is asked whether the document is valid
  validatorUrl: null,
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
});
`;

/** Inline styles are set by the script, which needs no leave; small pictures stand in its style sheet. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function docsRoutes(app: App): void {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json')),
    'static',
  );

  function serve(url: string, type: string, content: () => Promise<Buffer> | string): void {
    app.route({
      method: 'GET',
      url,
      config: { needs: null, produces: [type] },
      schema: { hide: true },
      handler: async (_request, reply) =>
        await reply
          .type(type.startsWith('text/') ? `${type}; charset=utf-8` : type)
          .headers({
            'content-security-policy': POLICY,
            'cache-control': type === HTML_TYPE ? 'no-cache' : 'private, max-age=3600',
          })
          .send(await content()),
    });
  }

  serve('/docs', HTML_TYPE, () => PAGE);
  serve('/docs/page.js', SCRIPT_TYPE, () => SCRIPT);
  for (const [name, type] of Object.entries(FILES))
    serve(`/docs/${name}`, type, () => readFile(join(folder, name)));
  for (const url of ['/', '/docs/']) {
    app.route({
      method: 'GET',
      url,
      config: { needs: null, produces: [HTML_TYPE, JSON_TYPE] },
      schema: { hide: true },
      handler: (_request, reply) => reply.redirect('/docs', 303),
    });
  }
}
