/** GET /v1/export: the ledger, or what filters ask for of it, oldest first: as evidence, or as CSV to look at. */
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Type } from '../json-schema.js';
import { LedgerError } from '../../ledger/error.js';
import type { ExportDescription } from '../../ledger/manifest.js';
import { clipRange } from '../../ledger/range.js';
import { acceptsCoding, preferredType } from '../accept.js';
import { COLUMN_NAMES, LIST_PATTERN, readColumns, type Column } from '../csv/columns.js';
import { csvForm, CSV_TYPE } from '../csv/form.js';
import { NDJSON_TYPE } from '../documents.js';
import { principalOf } from '../guard.js';
import { readFilters, readRange } from '../event-query.js';
import { linesForm, type ExportedRows, type ExportForm } from '../export-form.js';
import { FilterQuery } from '../parameter-shapes.js';
import { badParameter, choice, type Parameters } from '../parameters.js';
import { refusal } from '../problem.js';
import type { App, Services } from '../services.js';
import { itemsOf, withHeaders } from '../answer-shapes.js';
import { problems } from '../problem-shapes.js';
import { Line, ManifestLine } from '../shapes.js';
import { sendStream } from '../spliced.js';

const DESCRIPTION = `Oldest first, with the ledger's own sources. Lines (the default) are evidence; their last one is the
manifest. CSV (RFC 4180) is for spreadsheets and proves nothing: \`Event-Ledger-Manifest\` says in JSON what it is of, and a
cell that a spreadsheet would take for something else begins with an apostrophe. Compressed for clients that accept gzip. An
export that breaks off has no end: lines are then without manifest.`;

const ExportQuery = Type.Object({
  ...FilterQuery.properties,
  format: Type.Optional(
    Type.Enum(['jsonl', 'csv'], {
      description: 'without it csv where there are columns, else as Accept says',
    }),
  ),
  columns: Type.Optional(
    Type.Array(Type.String({ pattern: LIST_PATTERN }), {
      description: `of CSV, written as its row of names: ${COLUMN_NAMES.join(', ')}, payload.{path}, payload:{pointer}`,
    }),
  ),
});

/** What says how the answer is written, not what it is of. */
const OF_FORM: ReadonlySet<string> = new Set(['format', 'columns']);

const TYPES = { jsonl: NDJSON_TYPE, csv: CSV_TYPE } as const;

export function exportRoute(app: App, { reader, watch, logger, closing }: Services): void {
  app.route({
    method: 'GET',
    url: '/v1/export',
    exposeHeadRoute: false,
    config: { needs: 'verify', produces: Object.values(TYPES) },
    schema: {
      tags: ['proof'],
      operationId: 'exportLedger',
      summary: 'Export the ledger',
      description: DESCRIPTION,
      querystring: ExportQuery,
      response: {
        ...problems(400),
        200: withHeaders(
          {
            description: 'The lines, and last the manifest; or rows under a row of names',
            content: {
              [NDJSON_TYPE]: { schema: itemsOf(Type.Union([Line, ManifestLine])) },
              [CSV_TYPE]: { schema: Type.String() },
            },
          },
          {
            'Content-Disposition': 'a name for the file, with its range of indexes',
            'Content-Encoding': 'gzip, where the client accepts it',
            'Event-Ledger-Manifest': 'of CSV: what it is of, and that it is no evidence',
          },
        ),
      },
    },
    handler: async (request, reply) => {
      const { parameters } = request;
      const format = readFormat(request);
      const columns = readColumnsFor(format, parameters);
      const filters = readFilters(parameters, { internal: true, principal: principalOf(request) });
      const asked = readRange(parameters);
      const [snapshot, ledger] = await Promise.all([reader.snapshot(), reader.origin()]);
      const { head } = snapshot;
      if (!Number.isSafeInteger(head.size)) {
        throw new LedgerError('internal', "the ledger's head cannot be read: verify the ledger");
      }
      const range = clipRange(asked, head.size);
      const description = { ledger, filters: filtersAsSent(parameters), ...range, head };
      const form = columns === null ? linesForm(description) : csvForm(description, columns);
      const left = new AbortController();
      const log = logger.child({ requestId: request.id });
      const chunks = exportChunks(
        form,
        { snapshot, range, filters },
        { closing, left: left.signal, logger: log },
      );
      // a stream that nobody began to read runs no code of its own when it is destroyed
      reply.raw.once('close', () => {
        left.abort();
        void chunks.return().catch(() => undefined);
      });
      // a failure comes before the first byte, with a status of its own
      const first = await chunks.next();
      // nothing is sent that is not recorded; the entry comes after what is exported
      await watch.record(request, 'export.begun', {
        ...{ format, fromIndex: range.fromIndex, toIndex: range.toIndex, size: head.size },
        filters: description.filters,
        ...(columns === null ? {} : { columns: columns.map(({ name }) => name) }),
      });
      const stream = Readable.from(goingOn(first, chunks), { objectMode: false });
      void reply.type(form.mediaType).headers({
        ...form.headers,
        'content-disposition': `attachment; filename="${form.fileName}"`,
        vary: 'accept, accept-encoding',
      });
      if (!acceptsCoding(request.headers['accept-encoding'], 'gzip')) return sendStream(reply, stream);
      void reply.header('content-encoding', 'gzip');
      // when either end goes, so does the other; failures were logged where they arose
      return sendStream(
        reply,
        pipeline(stream, createGzip(), () => undefined),
      );
    },
  });
}

type Format = keyof typeof TYPES;

function readFormat({ parameters, headers: { accept } }: FastifyRequest): Format {
  const asked = choice(parameters, 'format', ['jsonl', 'csv']) ?? (parameters.has('columns') ? 'csv' : null);
  if (asked === null) return preferredType(accept, Object.values(TYPES)) === CSV_TYPE ? 'csv' : 'jsonl';
  if (preferredType(accept, [TYPES[asked]]) !== null) return asked;
  throw refusal('not-acceptable', `${asked} is ${TYPES[asked]}, which Accept does not take.`);
}

/** Null: there are none in this format. */
function readColumnsFor(format: Format, parameters: Parameters): readonly Column[] | null {
  const lists = parameters.get('columns');
  if (format === 'csv') return readColumns(lists ?? []);
  if (lists === undefined) return null;
  throw badParameter('columns', 'format', 'is for format=csv');
}

function filtersAsSent(parameters: Parameters): ExportDescription['filters'] {
  return Object.fromEntries([...parameters].filter(([name]) => !OF_FORM.has(name)));
}

async function* goingOn(
  first: IteratorResult<Buffer, void>,
  rest: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  if (first.done !== true) yield first.value;
  yield* rest;
}

interface Surroundings {
  readonly closing: AbortSignal;
  /** the client is gone, or has everything */
  readonly left: AbortSignal;
  readonly logger: Logger;
}

/** Little is read before the client has taken what was read; what fails cuts the answer off, without its end. */
async function* exportChunks(
  form: ExportForm,
  exported: ExportedRows,
  { closing, left, logger }: Surroundings,
): AsyncGenerator<Buffer, void, void> {
  let begun = false;
  try {
    for await (const chunk of form.chunks(exported)) {
      if (left.aborted) return;
      if (closing.aborted) throw new LedgerError('store-unavailable', 'the server is stopping');
      if (chunk.length === 0) continue;
      begun = true;
      yield chunk;
    }
    yield form.end();
  } catch (error) {
    if (closing.aborted) logger.info('an export was broken off, as the server is stopping');
    // what fails before is answered as a problem, and what a client breaks off is no failure
    else if (begun && !left.aborted) logger.error({ err: error }, 'an export broke off');
    throw error;
  } finally {
    if (left.aborted) logger.debug('the client left an export');
  }
}
