/** GET /v1/verify: everything is read again and recomputed; what was found is a report. */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Type } from '../json-schema.js';
import type { VerificationReport } from '../../ledger/finding.js';
import type { Progress } from '../../ledger/verification.js';
import { preferredType } from '../accept.js';
import { JSON_TYPE, NDJSON_TYPE } from '../documents.js';
import { readRange } from '../event-query.js';
import { Range } from '../parameter-shapes.js';
import { badParameter, choice, single, type Parameters } from '../parameters.js';
import { problemBody, problemOf, refusal } from '../problem.js';
import { sendJson, sendStream } from '../spliced.js';
import type { App, Services } from '../services.js';
import { itemsOf } from '../answer-shapes.js';
import { problems, ProblemShape } from '../problem-shapes.js';
import { closed } from '../shape-parts.js';
import { Report } from '../shapes.js';
import type { RunOptions, Verifier } from '../verifying.js';
import { toldWhenEnded } from '../watching/verifications.js';

type Run = AsyncGenerator<Progress, VerificationReport, void>;

const PROGRESS_EVERY_MS = 250;
/** A server that stops waits so long for runs to end, and to be told of. */
const ENDING_MS = 2_000;
const PRODUCES = [JSON_TYPE, NDJSON_TYPE] as const;

const ProgressLine = closed({
  progress: closed({ checked: Type.Integer(), total: Type.Integer() }),
});

const ProblemLine = closed({ problem: ProblemShape });

/** @param parts.limitMs how long the form without progress may take */
export function verifyRoute(
  app: App,
  { watch, logger, closing }: Services,
  parts: { readonly verifier: Verifier; readonly limitMs: number },
): void {
  const { verifier, limitMs } = parts;
  const follow = untilEnded(app);
  app.route({
    method: 'GET',
    url: '/v1/verify',
    exposeHeadRoute: false,
    config: { needs: 'verify', produces: PRODUCES },
    schema: {
      tags: ['proof'],
      operationId: 'verifyLedger',
      summary: 'Verify the ledger',
      description:
        'A report, 200 whatever is found. `deep` compares the whole ledger with the event log, too, and takes no range; ' +
        '403 where the user of the event log may not read all of it. As lines: progress, and last the report or ' +
        '`{"problem":…}`; the plain form is cut off after 60 s. One at a time in a process.',
      querystring: Type.Object({
        mode: Type.Optional(
          Type.Enum(['full', 'deep'], {
            default: 'full',
            description: 'the ledger by itself, or beside the event log',
          }),
        ),
        ...Range,
        source: Type.Optional(Type.String({ minLength: 1, description: 'only the entries of one source' })),
      }),
      response: {
        ...problems(400),
        200: {
          description: 'What was found',
          content: {
            [JSON_TYPE]: { schema: Report },
            [NDJSON_TYPE]: { schema: itemsOf(Type.Union([ProgressLine, Report, ProblemLine])) },
          },
        },
      },
    },
    handler: async (request, reply) => {
      const options = readOptions(request.parameters);
      const run = toldWhenEnded(verifier.run(options), options, (payload) =>
        watch.note(request, 'verification.ended', payload),
      );
      follow(endWith(reply, run));
      if (preferredType(request.headers.accept, PRODUCES) === JSON_TYPE) {
        const report = await finish(run, reply, limitMs, closing);
        return sendJson(reply, report);
      }
      // a refusal comes before the first line, with a status of its own
      const first = await run.next();
      const lines = reportLines(run, first, { request, logger, closing });
      return sendStream(reply.type(NDJSON_TYPE), Readable.from(lines, { objectMode: false }));
    },
  });
}

function readOptions(parameters: Parameters): RunOptions {
  const mode = choice(parameters, 'mode', ['full', 'deep']) ?? 'full';
  if (mode === 'deep') return wholeLedger(parameters);
  const { fromIndex, toIndex } = readRange(parameters);
  const source = single(parameters, 'source');
  if (source === '') throw badParameter('source', 'text', 'must not be empty');
  return {
    mode,
    ...(fromIndex === null ? {} : { fromIndex }),
    ...(toIndex === null ? {} : { toIndex }),
    ...(source === null ? {} : { source }),
  };
}

/** What an entry is judged by, and whether it is a duplicate, depends on all before it. */
function wholeLedger(parameters: Parameters): RunOptions {
  for (const name of ['fromIndex', 'toIndex', 'source']) {
    if (single(parameters, name) === null) continue;
    throw badParameter(name, 'mode', 'is for mode=full: deep verification is of the whole ledger');
  }
  return { mode: 'deep' };
}

/**
 * Nobody waits for a run whose answer is over: sent, or not wanted any more. The run is ended by the answer's end
 * alone, as a stream that nobody began to read runs no code of its own when it is destroyed.
 * @returns resolves when the run has ended
 */
function endWith(reply: FastifyReply, run: Run): Promise<void> {
  if (reply.raw.destroyed) throw stopping();
  return new Promise((resolve) => {
    reply.raw.once('close', () => {
      run
        .return(undefined as never)
        .catch(() => undefined)
        .finally(resolve);
    });
  });
}

/** What a run came to would else be told when nobody records it any more. */
function untilEnded(app: App): (end: Promise<void>) => void {
  const open = new Set<Promise<void>>();
  app.addHook('onClose', async () => {
    const enough = new AbortController();
    const late = delay(ENDING_MS, undefined, { signal: enough.signal }).catch(() => undefined);
    await Promise.race([Promise.all(open), late]);
    enough.abort();
  });
  return (end) => {
    open.add(end);
    void end.then(() => open.delete(end));
  };
}

/** To the end, unless the client leaves, the server stops or the time is over. */
async function finish(
  run: Run,
  reply: FastifyReply,
  limitMs: number,
  closing: AbortSignal,
): Promise<VerificationReport> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(tooLong(limitMs)), limitMs);
  const stop = (): void => over.abort(stopping());
  closing.addEventListener('abort', stop);
  reply.raw.once('close', stop);
  const cutOff = once(over.signal, 'abort').then(() => {
    throw over.signal.reason;
  });
  try {
    for (;;) {
      const step = await Promise.race([run.next(), cutOff]);
      if (step.done === true) return step.value;
    }
  } finally {
    clearTimeout(timer);
    closing.removeEventListener('abort', stop);
    reply.raw.off('close', stop);
  }
}

async function* reportLines(
  run: Run,
  first: IteratorResult<Progress, VerificationReport>,
  { request, logger, closing }: { request: FastifyRequest; logger: Logger; closing: AbortSignal },
): AsyncGenerator<string> {
  let shown = 0;
  try {
    for (let step = first; ; step = await run.next()) {
      if (closing.aborted) throw stopping();
      if (step.done === true) {
        yield line(step.value);
        return;
      }
      if (performance.now() - shown < PROGRESS_EVERY_MS) continue;
      shown = performance.now();
      yield line({ progress: step.value });
    }
  } catch (error) {
    logger.warn({ err: error, requestId: request.id }, 'a verification ended early');
    yield line({ problem: problemBody(problemOf(error), request.id) });
  }
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

function tooLong(limitMs: number): Error {
  const detail = `The verification takes longer than ${limitMs / 1000} s: ask with Accept: ${NDJSON_TYPE}.`;
  return refusal('too-slow', detail, { retryAfter: 5 });
}

function stopping(): Error {
  return refusal('shutting-down', 'The verification was given up.', { retryAfter: 5 });
}
