/**
 * Floors of taking events in: a Fastify that does nothing but what cannot be avoided, in a process of its own.
 *
 *     answering.ts single        read the JSON, check the credentials, answer as the ledger does
 *     answering.ts copy <url>    read lines of JSON, COPY their bytes into a table, answer when they are durable
 */
import { once } from 'node:events';
import fastify, { type FastifyReply } from 'fastify';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { AUTHORIZATION } from '../support/load.js';

const [mode, databaseUrl] = process.argv.slice(2);

const app = fastify({ logger: false, bodyLimit: 8 * 1024 * 1024 });
app.removeAllContentTypeParsers();
app.addContentTypeParser(
  ['application/json', 'application/x-ndjson'],
  { parseAs: 'buffer' },
  (_request, body, done) => done(null, body),
);
app.setSerializerCompiler(() => JSON.stringify);

const EVENT_ID = '019a0000-0000-7000-8000-000000000000';
let revision = 0;

app.post('/v1/events', async (request, reply) => {
  if (request.headers.authorization !== AUTHORIZATION) return reply.code(401).send();
  const body = request.body as Buffer;
  return mode === 'copy' ? copyLines(body, reply) : answerOne(body, reply);
});

function answerOne(body: Buffer, reply: FastifyReply): FastifyReply {
  const { source } = JSON.parse(body.toString()) as { source: string };
  revision += 1;
  return reply
    .code(202)
    .header('location', `/v1/sources/${source}/events/${revision}`)
    .send({ status: 'queued', eventId: EVENT_ID, source, revision });
}

const pool = new pg.Pool({ connectionString: databaseUrl, max: 8 });

async function copyLines(body: Buffer, reply: FastifyReply): Promise<FastifyReply> {
  const lines = linesOf(body);
  const sources = lines.map((line) => (JSON.parse(line.toString()) as { source: string }).source);
  const client = await pool.connect();
  const copy = client.query(copyFrom('COPY bench_floor FROM STDIN (FORMAT binary)'));
  copy.end(binaryRows(lines));
  await once(copy, 'finish');
  client.release();
  const results = sources.map((source) => ({ status: 202, eventId: EVENT_ID, source, revision: revision++ }));
  return reply.code(202).send({ results });
}

const LF = 0x0a;

function linesOf(body: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < body.length;) {
    const end = body.indexOf(LF, from);
    lines.push(body.subarray(from, end));
    from = end + 1;
  }
  return lines;
}

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER = Buffer.from([0xff, 0xff]);

/** COPY's binary format: one column of bytea. */
function binaryRows(values: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [SIGNATURE];
  for (const value of values) {
    const head = Buffer.allocUnsafe(6);
    head.writeInt16BE(1, 0);
    head.writeInt32BE(value.length, 2);
    parts.push(head, value);
  }
  return Buffer.concat([...parts, TRAILER]);
}

process.once('SIGTERM', () => void app.close().then(() => pool.end()));
process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`);
