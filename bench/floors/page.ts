/**
 * The floor of a query: pages of 50 entries by primary key, the newest first, each one prepared statement whose rows are
 * sent as the bytes that they are. `GET /?before=<index>`.
 *
 * Arguments: the login to read with.
 */
import Fastify from 'fastify';
import pg from 'pg';

const LIMIT = 50;

const [url = ''] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, max: 10 });
const app = Fastify();

app.get<{ Querystring: { before: string } }>('/', async (request, reply) => {
  const { rows } = await pool.query<[metadata: string, data: string]>({
    name: 'page',
    // as text: the driver would have the bytes as two digits each
    text: `SELECT convert_from(metadata, 'UTF8'), convert_from(data, 'UTF8')
      FROM ledger.entry WHERE index < $1 ORDER BY index DESC LIMIT ${LIMIT}`,
    values: [request.query.before],
    rowMode: 'array',
  });
  void reply.header('content-type', 'application/json');
  return `[${rows.map(([metadata, data]) => `{"metadata":${metadata},"payload":${data}}`).join()}]`;
});

process.once('SIGTERM', () => void app.close().then(() => pool.end()));
process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`);
