/** GET /v1/export: the ledger, or what filters ask for of it, oldest first, with a manifest as its last line. */
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Logger } from 'pino';
import { Type } from '../json-schema.js';
import { LedgerError } from '../../ledger/error.js';
import { ExportWriter } from '../../ledger/manifest.js';
import { clipRange } from '../../ledger/range.js';
import { readEntryRow, type EntryRow } from '../../ledger/row.js';
import type { Entry } from '../../ledger/types.js';
import { acceptsCoding } from '../accept.js';
import { NDJSON_TYPE } from '../documents.js';
import { readFilters, readRange } from '../event-query.js';
import type { App, Services } from '../services.js';
import { FilterQuery, lines, Line, ManifestLine, problems, withHeaders } from '../shapes.js';
import { sendStream } from '../spliced.js';

export function exportRoute(app: App, { reader, logger, closing }: Services): void {
  app.route({
    method: 'GET',
    url: '/v1/export',
    exposeHeadRoute: false,
    config: { produces: [NDJSON_TYPE] },
    schema: {
      tags: ['proof'],
      summary: 'Export the ledger',
      description:
        "Lines, oldest first, with the ledger's own sources; the last line is the manifest. Compressed for clients " +
        'that accept gzip. An export that breaks off has no manifest.',
      querystring: FilterQuery,
      response: {
        ...problems(400),
        200: withHeaders(lines(Type.Union([Line, ManifestLine]), 'The lines, and last the manifest'), {
          'Content-Disposition': 'a name for the file, with its range of indexes',
          'Content-Encoding': 'gzip, where the client accepts it',
        }),
      },
    },
    handler: async (request, reply) => {
      const { parameters } = request;
      const filters = readFilters(parameters, true);
      const asked = readRange(parameters);
      const [snapshot, ledger] = await Promise.all([reader.snapshot(), reader.origin()]);
      const { head } = snapshot;
      if (!Number.isSafeInteger(head.size)) {
        throw new LedgerError('internal', "the ledger's head cannot be read: verify the ledger");
      }
      const range = clipRange(asked, head.size);
      const writer = new ExportWriter({ ledger, filters: Object.fromEntries(parameters), ...range, head });
      const rows = snapshot.rows(range.fromIndex, range.toIndex, filters);
      const log = logger.child({ requestId: request.id });
      const stream = Readable.from(exportLines(rows, writer, closing, log), { objectMode: false });
      void reply.type(NDJSON_TYPE).headers({
        'content-disposition': `attachment; filename="event-ledger-${range.fromIndex}-${range.toIndex}.jsonl"`,
        vary: 'accept-encoding',
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

/** Nothing is read before the client has taken what was read; what fails cuts the answer off, without a manifest. */
async function* exportLines(
  rows: AsyncIterable<readonly EntryRow[]>,
  writer: ExportWriter,
  closing: AbortSignal,
  logger: Logger,
): AsyncGenerator<Buffer> {
  // an error that comes while the client has its turn is the client's: it left
  let clientsTurn = false;
  try {
    for await (const some of rows) {
      if (closing.aborted) throw new LedgerError('store-unavailable', 'the server is stopping');
      const lines = writer.lines(some.map(exported));
      clientsTurn = true;
      yield lines;
      clientsTurn = false;
    }
    const end = writer.end();
    clientsTurn = true;
    yield end;
  } catch (error) {
    if (clientsTurn) logger.debug({ err: error }, 'the client left an export');
    else if (closing.aborted) logger.info('an export was broken off, as the server is stopping');
    else logger.error({ err: error }, 'an export broke off');
    throw error;
  }
}

function exported(row: EntryRow): Entry {
  const read = readEntryRow(row);
  if (read.ok) return read.entry;
  const { index, detail } = read.finding;
  throw new LedgerError(
    'internal',
    `entry ${index ?? row.index ?? '?'} cannot be exported (${detail ?? 'unreadable'}): verify the ledger`,
  );
}
