/** For those who run it: probes, health, numbers, the API's own description. */
import Type from 'typebox';
import type { HealthMonitor } from '../health.js';
import { METRICS_TYPE, type Metrics } from '../metrics/metrics.js';
import { refusal } from '../problem.js';
import { sendJson } from '../spliced.js';
import type { App, Services } from '../services.js';
import { closed, content, HealthShape, openProblems, orProblem, problems, StatsShape } from '../shapes.js';
import { JSON_TYPE } from '../documents.js';
import { HEALTH_STATUS } from '../status.js';
import type { Verifier } from '../verifying.js';

const Alive = closed({ status: Type.Literal('ok') });

export function operations(
  app: App,
  { reader, closing }: Services,
  parts: {
    readonly health: HealthMonitor;
    readonly verifier: Verifier;
    readonly metrics: Metrics;
    readonly started: () => boolean;
  },
): void {
  app.route({
    method: 'GET',
    url: '/livez',
    config: { credentials: 'none' },
    schema: {
      tags: ['operations'],
      summary: 'Is the process alive?',
      security: [],
      response: { ...openProblems(), 200: Alive },
    },
    handler: () => ({ status: 'ok' as const }),
  });

  app.route({
    method: 'GET',
    url: '/readyz',
    config: { credentials: 'none' },
    schema: {
      tags: ['operations'],
      summary: 'Can it serve?',
      security: [],
      response: { ...openProblems(), 200: Alive },
    },
    handler: async () => {
      if (!closing.aborted && parts.started() && (await parts.health.ready()))
        return { status: 'ok' as const };
      throw refusal('not-ready', 'The event log or the read model does not answer.', { retryAfter: 2 });
    },
  });

  app.route({
    method: 'GET',
    url: '/health',
    config: { credentials: 'optional' },
    schema: {
      tags: ['operations'],
      summary: 'How it is; without credentials the status alone',
      security: [{}, { basic: [] }],
      response: {
        ...problems(),
        200: HealthShape,
        503: orProblem(content(JSON_TYPE, HealthShape, 'Down; or a problem: shutting-down')),
      },
    },
    handler: async (request, reply) => {
      const { status, lag, head, ...found } = await parts.health.health();
      const alarms = found.alarms.map(({ code, source, since, detail }) => ({ code, source, since, detail }));
      void reply.code(HEALTH_STATUS[status]);
      if (request.principal === null) return await reply.send({ status });
      return await reply.send({ status, lag, head, alarms, lastVerification: parts.verifier.last() });
    },
  });

  app.route({
    method: 'GET',
    url: '/metrics',
    config: { produces: ['text/plain'] },
    schema: {
      tags: ['operations'],
      summary: 'Numbers for Prometheus',
      description:
        'The text format of Prometheus, version 0.0.4; docs/operations.md explains each metric. What cannot be known, ' +
        'as while a store is down, is absent. Never a payload.',
      response: { ...problems(), 200: content('text/plain; version=0.0.4', Type.String(), 'Numbers') },
    },
    handler: async (_request, reply) => await reply.type(METRICS_TYPE).send(await parts.metrics.scrape()),
  });

  app.route({
    method: 'GET',
    url: '/stats',
    schema: {
      tags: ['operations'],
      summary: 'Numbers',
      response: { ...problems(400), 200: StatsShape },
    },
    handler: async () => {
      const { events, sources, verdicts } = await reader.stats();
      return { events, sources, verdicts };
    },
  });

  app.route({
    method: 'GET',
    url: '/openapi.json',
    schema: {
      tags: ['operations'],
      summary: 'This description (OpenAPI 3.1)',
      response: { ...problems(), 200: Type.Object({ openapi: Type.String() }) },
    },
    handler: async (_request, reply) => sendJson(reply, app.swagger()),
  });
}
