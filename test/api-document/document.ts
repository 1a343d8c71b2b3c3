/** The API's description as /openapi.json has it, made without stores. */
import pino from 'pino';
import { openCredentialRegister } from '../../src/access/postgres/register.js';
import { openPostgresEventLog } from '../../src/event-log/postgres/event-log.js';
import { singleUser } from '../../src/http/authentication.js';
import { buildServer } from '../../src/http/server.js';
import type { LedgerReader } from '../../src/read-model/port.js';
import { openReader } from '../../src/read-model/reader.js';
import { SchemaRegistry } from '../../src/schemas/registry.js';
import type { OpenApi } from '../support/open-api.js';

/** Nothing connects to it. */
const NOWHERE = 'postgres://nobody@127.0.0.1:1/nothing';

/** @param version of the program */
export async function describeApi(version: string): Promise<OpenApi> {
  const log = openPostgresEventLog({ url: NOWHERE });
  const reader = withoutSchemas(openReader({ url: NOWHERE }));
  const credentials = openCredentialRegister({ url: NOWHERE });
  const server = buildServer({
    ...{ log, reader, credentials, version },
    schemas: new SchemaRegistry(),
    authenticator: singleUser('admin', ''),
    logger: pino({ level: 'silent' }),
  });
  const authorization = `Basic ${btoa('admin:')}`;
  const answer = await server.inject({ url: '/openapi.json', headers: { authorization } });
  await server.close();
  await Promise.all([log.close(), reader.close(), credentials.close()]);
  if (answer.statusCode !== 200) throw new Error(answer.body);
  return answer.json<OpenApi>();
}

/** All that a server asks of a ledger before it serves: which schemas there are. */
function withoutSchemas(reader: LedgerReader): LedgerReader {
  return {
    ...reader,
    // eslint-disable-next-line @typescript-eslint/require-await
    async *registrations() {
      yield* [];
    },
    headMoved: () => Promise.resolve(),
  };
}
