/** For those who run it: probes, health, metrics, the server's own description. */
import { may } from '../../access/principal.js';
import { SECURITY } from '../authorization.js';
import type { Description } from '../describing.js';
import { Type } from '../json-schema.js';
import type { HealthMonitor } from '../health.js';
import { METRICS_TYPE, type Metrics } from '../metrics/metrics.js';
import type { ProjectorView } from '../projector-view.js';
import { refusal } from '../problem.js';
import { sendJson } from '../spliced.js';
import type { App } from '../services.js';
import { content } from '../answer-shapes.js';
import { openProblems, orProblem, problems } from '../problem-shapes.js';
import { closed } from '../shape-parts.js';
import { HealthShape, ProjectorState } from '../shapes.js';
import { JSON_TYPE } from '../documents.js';
import { HEALTH_STATUS } from '../status.js';
import type { Verifier } from '../verifying.js';

const Alive = closed({ status: Type.Literal('ok') });
const Ready = closed({ status: Type.Literal('ok'), projector: Type.Optional(ProjectorState) });

export interface OperationsParts {
  readonly health: HealthMonitor;
  readonly metrics: Metrics;
  /** where verifications run */
  readonly verifier?: Pick<Verifier, 'last'>;
  /** where a projector runs */
  readonly projector: (() => ProjectorView) | undefined;
  readonly closing: AbortSignal;
  /** why it cannot serve although the stores answer; null: it can */
  readonly obstacle: () => string | null;
  /** of all routes of the server */
  readonly description: Description;
}

/** The same for every process, whatever else it serves. */
export function operations(app: App, parts: OperationsParts): void {
  const { health, metrics, verifier, projector, closing, description } = parts;
  app.route({
    method: 'GET',
    url: '/livez',
    config: { credentials: 'none' },
    schema: {
      tags: ['operations'],
      operationId: 'getLiveness',
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
      operationId: 'getReadiness',
      summary: 'Can it serve?',
      security: [],
      description:
        'Where a projector runs in the process, in which state: one that waits to take over is ready, too.',
      response: { ...openProblems(), 200: Ready },
    },
    handler: async () => {
      const obstacle = closing.aborted ? 'The server is stopping.' : parts.obstacle();
      if (obstacle !== null) throw refusal('not-ready', obstacle, { retryAfter: 2 });
      if (!(await health.ready()))
        throw refusal('not-ready', 'The event log or the read model does not answer.', { retryAfter: 2 });
      return { status: 'ok' as const, ...(projector === undefined ? {} : { projector: projector().state }) };
    },
  });

  app.route({
    method: 'GET',
    url: '/health',
    config: { credentials: 'optional' },
    schema: {
      tags: ['operations'],
      operationId: 'getHealth',
      summary: 'How it is; the status alone without credentials that may monitor',
      description:
        'Where a projector runs in the process, in which state, and why where that is not `leading`.',
      security: [{}, ...SECURITY],
      response: {
        ...problems(),
        200: HealthShape,
        503: orProblem(content(JSON_TYPE, HealthShape, 'Down; or a problem: shutting-down')),
      },
    },
    handler: async (request, reply) => {
      const { status, lag, head, ...found } = await health.health();
      const alarms = found.alarms.map(({ code, source, since, detail }) => ({ code, source, since, detail }));
      void reply.code(HEALTH_STATUS[status]);
      if (status === 'down') void reply.header('retry-after', '2');
      if (request.principal === null || !may(request.principal, 'monitor'))
        return await reply.send({ status });
      const lastVerification = verifier?.last() ?? null;
      if (projector === undefined) return await reply.send({ status, lag, head, alarms, lastVerification });
      const { state, detail } = projector();
      return await reply.send({ status, lag, head, alarms, lastVerification, projector: { state, detail } });
    },
  });

  app.route({
    method: 'GET',
    url: '/metrics',
    config: { needs: 'monitor', produces: ['text/plain'] },
    schema: {
      tags: ['operations'],
      operationId: 'getMetrics',
      summary: 'Numbers for Prometheus',
      description:
        'The text format of Prometheus, version 0.0.4; docs/operations.md explains each metric. What cannot be known, ' +
        'as while a store is down, is absent. Never a payload.',
      response: { ...problems(), 200: content('text/plain; version=0.0.4', Type.String(), 'Numbers') },
    },
    handler: async (_request, reply) => await reply.type(METRICS_TYPE).send(await metrics.scrape()),
  });

  app.route({
    method: 'GET',
    url: '/openapi.json',
    config: { needs: null },
    schema: {
      tags: ['operations'],
      operationId: 'getDescription',
      summary: 'This description (OpenAPI 3.1)',
      response: {
        ...problems(),
        200: Type.Object({ openapi: Type.String() }, { additionalProperties: true }),
      },
    },
    handler: async (_request, reply) => sendJson(reply, await description()),
  });
}
