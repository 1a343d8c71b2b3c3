/** The schemas in force, and how to put another one in force: by recording it. */
import { Type } from '../json-schema.js';
import { canonicalBytes } from '../../ledger/canonical-json.js';
import { LedgerError } from '../../ledger/error.js';
import { sha256 } from '../../ledger/hash.js';
import { nameProblem } from '../../ledger/name.js';
import { MAX_DEPTH } from '../../ledger/strict-json.js';
import type { Json } from '../../ledger/types.js';
import { CURRENT_JUDGE, MAX_SCHEMA_BYTES } from '../../schemas/judge.js';
import { DEFAULT_TYPE, REGISTRATION_TYPE, SCHEMAS_SOURCE } from '../../schemas/registration.js';
import type { SchemaRegistry } from '../../schemas/registry.js';
import { schemaProblems } from '../../schemas/verdict.js';
import { locationOf } from '../answers.js';
import { JSON_TYPE, parseDocument, SCHEMA_TYPE } from '../documents.js';
import { MAX_SCHEMA_BODY_BYTES } from '../limits.js';
import { principalOf } from '../guard.js';
import { TypeInPath } from '../parameter-shapes.js';
import { ProblemError, refusal } from '../problem.js';
import type { App, Services } from '../services.js';
import { content, withHeaders } from '../answer-shapes.js';
import { problems } from '../problem-shapes.js';
import { closed, HashText, IndexNumber, Revision } from '../shape-parts.js';
import { SchemaShape } from '../shapes.js';
import { sendSpliced } from '../spliced.js';
import { OUTCOMES } from '../status.js';

const Registered = closed({ type: Type.String(), schema: HashText, index: IndexNumber, revision: Revision });

export function schemaRoutes(app: App, { door, watch }: Services, schemas: SchemaRegistry): void {
  app.route({
    method: 'GET',
    url: '/v1/schemas',
    config: { needs: null },
    schema: {
      tags: ['schemas'],
      operationId: 'listSchemas',
      summary: 'Types that have a schema of their own',
      response: { ...problems(400), 200: closed({ schemas: Type.Array(Registered) }) },
    },
    handler: () => ({
      schemas: schemas
        .list()
        .map(({ type, hash, index, revision }) => ({ type, schema: hash, index, revision })),
    }),
  });

  app.route({
    method: 'GET',
    url: '/v1/schemas/:type',
    config: { needs: null },
    schema: {
      tags: ['schemas'],
      operationId: 'getSchema',
      summary: 'The schema that events of a type are judged by',
      description: `For a type without one of its own that of ${DEFAULT_TYPE}, as Content-Location says.`,
      params: Type.Object({ type: TypeInPath }),
      response: {
        ...problems(400, 404),
        200: withHeaders(content(JSON_TYPE, SchemaShape, 'The schema in force'), {
          'Content-Location': 'the type whose schema it is',
        }),
      },
    },
    handler: (request, reply) => {
      const { type } = request.params;
      refuseUnnamed(type);
      const registered = schemas.registered(type) ?? schemas.registered(DEFAULT_TYPE);
      if (registered === null) throw refusal('not-found', 'No schema is in force for this type.');
      void reply.header('content-location', `/v1/schemas/${encodeURIComponent(registered.type)}`);
      return sendSpliced(reply, registered.bytes);
    },
  });

  app.route({
    method: 'PUT',
    url: '/v1/schemas/:type',
    bodyLimit: MAX_SCHEMA_BODY_BYTES,
    config: { needs: 'administer', consumes: [JSON_TYPE, SCHEMA_TYPE] },
    schema: {
      tags: ['schemas'],
      operationId: 'registerSchema',
      summary: 'Register a schema',
      description:
        'Recorded in `_schemas`; it judges what comes after it in the ledger. At most ' +
        `${MAX_SCHEMA_BYTES} bytes in canonical form; the body has at most ${MAX_SCHEMA_BODY_BYTES}.`,
      params: Type.Object({ type: TypeInPath }),
      body: { content: { [JSON_TYPE]: { schema: SchemaShape }, [SCHEMA_TYPE]: { schema: SchemaShape } } },
      response: {
        ...problems(400, 413, 415, 422),
        202: withHeaders(
          content(
            JSON_TYPE,
            closed({ type: Type.String(), schema: HashText, revision: Revision }),
            'The event log has it',
          ),
          { Location: 'where the registration can be read at once' },
        ),
      },
    },
    handler: async (request, reply) => {
      const { type } = request.params;
      refuseUnnamed(type);
      // it will stand one level deep in the payload of its registration
      const schema = parseDocument(request.body as Buffer, MAX_DEPTH - 1);
      refuseUnfit(schema);
      const payload: Json = { type, schema, judge: CURRENT_JUDGE };
      const [outcome] = await door.recordOwn(SCHEMAS_SOURCE, [
        { type: REGISTRATION_TYPE, payload, recordedBy: principalOf(request).name },
      ]);
      if (outcome === undefined) throw new LedgerError('internal', 'recording gave no outcome');
      if (outcome.status === 'refused') throw new ProblemError(outcome.problem);
      const { revision } = outcome;
      const hash = sha256(canonicalBytes(schema));
      await watch.note(request, 'schema.changed', { type, schema: hash, revision });
      void reply.header('location', locationOf(outcome));
      return await reply.code(OUTCOMES.queued).send({ type, schema: hash, revision });
    },
  });
}

/** @throws ProblemError when no event can be of this type */
function refuseUnnamed(type: string): void {
  const reason = nameProblem(type);
  if (reason !== null) throw refusal('bad-request', `The type in the path ${reason}.`);
}

/** @throws ProblemError when the judge does not take the schema */
function refuseUnfit(schema: Json): void {
  const errors = schemaProblems(schema, CURRENT_JUDGE);
  const [first] = errors;
  if (first === undefined) return;
  throw refusal('invalid-schema', `${first.pointer || 'the schema'} ${first.detail}`, { errors });
}
