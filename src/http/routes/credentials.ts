/** Administering credentials over HTTP: what `event-ledger credential` does, for programs that may not see the database. */
import type { CredentialFacts } from '../../access/credential.js';
import type { CredentialRegister, IssuedCredential } from '../../access/port.js';
import { CredentialRefusal } from '../../access/refusal.js';
import { LedgerError } from '../../ledger/error.js';
import type { FastifyReply } from 'fastify';
import { content, withHeaders } from '../answer-shapes.js';
import { readOverlap, readWanted } from '../credential-body.js';
import {
  CREDENTIAL_ID,
  CredentialIdInPath,
  CredentialShape,
  IssuedCredentialShape,
  RotationShape,
  WantedCredentialShape,
} from '../credential-shapes.js';
import { JSON_TYPE } from '../documents.js';
import { Type } from '../json-schema.js';
import { MAX_CREDENTIAL_BODY_BYTES } from '../limits.js';
import { problems } from '../problem-shapes.js';
import { refusal } from '../problem.js';
import type { App } from '../services.js';
import { closed } from '../shape-parts.js';
import { sendJson } from '../spliced.js';
import { CREATED } from '../status.js';
import { doerOf } from '../watching/watch.js';

const Issued = withHeaders(content(JSON_TYPE, IssuedCredentialShape, 'Made; the secret is shown this once'), {
  Location: 'where its facts are',
});

export function credentialRoutes(app: App, register: CredentialRegister): void {
  app.route({
    method: 'GET',
    url: '/v1/credentials',
    config: { needs: 'administer' },
    schema: {
      tags: ['credentials'],
      operationId: 'listCredentials',
      summary: 'All credentials, by name',
      description:
        'Those that were revoked or have expired, too. All at once: every process has them in memory anyway.',
      response: { ...problems(400), 200: closed({ credentials: Type.Array(CredentialShape) }) },
    },
    handler: async (_request, reply) => sendJson(reply, { credentials: await asked(() => register.list()) }),
  });

  app.route({
    method: 'POST',
    url: '/v1/credentials',
    bodyLimit: MAX_CREDENTIAL_BODY_BYTES,
    config: { needs: 'administer' },
    schema: {
      tags: ['credentials'],
      operationId: 'addCredential',
      summary: 'Make a key or a password for a principal',
      description: `${AT_ONCE} Sent again it makes another one: whoever lost the answer revokes what it lists.`,
      body: { content: { [JSON_TYPE]: { schema: WantedCredentialShape } } },
      response: { ...problems(400, 409, 413, 415, 422), 201: Issued },
    },
    handler: async (request, reply) => {
      const wanted = readWanted(request.body as Buffer);
      return sendIssued(reply, await asked(() => register.add(wanted, doerOf(request))));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/credentials/:credentialId',
    config: { needs: 'administer' },
    schema: {
      tags: ['credentials'],
      operationId: 'getCredential',
      summary: 'What is known of a credential',
      params: Type.Object({ credentialId: CredentialIdInPath }),
      response: { ...problems(400, 404), 200: CredentialShape },
    },
    handler: async (request, reply) => {
      const id = idOf(request.params.credentialId);
      const found = (await asked(() => register.list())).find((one) => one.id === id);
      if (found === undefined) throw unknown();
      return sendFacts(reply, found);
    },
  });

  app.route({
    method: 'POST',
    url: '/v1/credentials/:credentialId/rotate',
    bodyLimit: MAX_CREDENTIAL_BODY_BYTES,
    config: { needs: 'administer' },
    schema: {
      tags: ['credentials'],
      operationId: 'rotateCredential',
      summary: 'Make another secret for the same principal, and end the old one',
      description: `Under another id. One that expires lives as long again. ${AT_ONCE}`,
      params: Type.Object({ credentialId: CredentialIdInPath }),
      body: { content: { [JSON_TYPE]: { schema: RotationShape } } },
      response: { ...problems(400, 404, 409, 413, 415, 422), 201: Issued },
    },
    handler: async (request, reply) => {
      const id = idOf(request.params.credentialId);
      const overlapMs = readOverlap(request.body as Buffer);
      return sendIssued(reply, await asked(() => register.rotate(id, overlapMs, doerOf(request))));
    },
  });

  app.route({
    method: 'DELETE',
    url: '/v1/credentials/:credentialId',
    config: { needs: 'administer' },
    schema: {
      tags: ['credentials'],
      operationId: 'revokeCredential',
      summary: 'End a credential for good',
      description:
        `Its facts stay to be seen. ${AT_ONCE} Sent again it changes nothing. The credential that the request comes with ` +
        'may be the one: the user `admin` stays.',
      params: Type.Object({ credentialId: CredentialIdInPath }),
      response: { ...problems(400, 404, 413, 415), 200: CredentialShape },
    },
    handler: async (request, reply) => {
      const id = idOf(request.params.credentialId);
      return sendFacts(reply, await asked(() => register.revoke(id, doerOf(request))));
    },
  });
}

const AT_ONCE = 'It acts at once in the process that was asked, and within a second in others.';

/** @throws ProblemError for what is no id: there is no such credential */
function idOf(text: string): string {
  if (CREDENTIAL_ID.test(text)) return text;
  throw unknown();
}

function unknown(): Error {
  return refusal('not-found', 'There is no such credential.');
}

async function asked<Result>(ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof CredentialRefusal) throw problemOf(error);
    if (error instanceof LedgerError && error.code === 'access-denied') throw lacksRight();
    throw error;
  }
}

function problemOf({ why, message }: CredentialRefusal): Error {
  const sentence = `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
  switch (why.kind) {
    case 'unknown':
      return unknown();
    case 'revoked':
    case 'has-password':
      return refusal('credential-conflict', sentence);
    case 'overlap': {
      const detail = 'must be 0, or left out: a password ends when there is another one';
      const errors = [{ pointer: '/overlapSeconds', keyword: 'credential', detail }];
      return refusal('invalid-credential', `/overlapSeconds ${detail}`, { errors });
    }
    case 'unfit':
      return refusal('invalid-credential', sentence);
  }
}

function lacksRight(): Error {
  return refusal(
    'access-denied',
    "The API's database login may not read and change credentials; event-ledger migrate --grant LOGIN=credentials lets it.",
  );
}

function sendIssued(reply: FastifyReply, { credential, secret }: IssuedCredential): FastifyReply {
  void reply.code(CREATED).header('location', `/v1/credentials/${credential.id}`);
  return sendJson(reply, { credential, secret });
}

function sendFacts(reply: FastifyReply, facts: CredentialFacts): FastifyReply {
  return sendJson(reply, facts);
}
