/** What services of these contracts show: accepted events of clients, newest first. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readableBy } from '../../access/principal.js';
import { NO_FILTERS } from '../../ledger/filters.js';
import { decodeMetadata, type Metadata } from '../../ledger/metadata.js';
import { isReserved } from '../../ledger/name.js';
import type { Entry, EventId } from '../../ledger/types.js';
import type { EventFilters, IdScope } from '../../read-model/port.js';
import { principalOf } from '../guard.js';
import { limitOf } from '../parameters.js';
import type { Services } from '../services.js';
import { joined, sendSpliced } from '../spliced.js';
import { waitForLedger } from '../waiting.js';

/** Who was told that an event is recorded asks for it at once: so long may the ledger take to have it. */
const PATIENCE_MS = 2_000;

type Stores = Pick<Services, 'log' | 'reader' | 'closing'>;

export async function newestEvents(
  { log, reader, closing }: Stores,
  request: FastifyRequest,
  asked: Partial<EventFilters>,
): Promise<readonly Entry[]> {
  const limit = limitOf(request.parameters);
  const within = readableBy(principalOf(request));
  await waitForLedger({ log, reader }, PATIENCE_MS, closing);
  const { entries } = await reader.events(
    { ...NO_FILTERS, ...asked, verdicts: ['accepted'], internal: false, within },
    { order: 'desc', limit, after: null, fromIndex: null, toIndex: null },
  );
  return entries;
}

/** Those with an id, which several sources may share. */
export async function shownById(
  { log, reader, closing }: Stores,
  id: EventId,
  scope: IdScope,
): Promise<readonly Entry[]> {
  const look = async (): Promise<readonly Entry[]> => {
    const entries = await reader.entriesById(id, scope);
    return entries.filter(({ header }) => header.verdict === 'accepted' && !isReserved(header.source));
  };
  const found = await look();
  if (found.length > 0) return found;
  await waitForLedger({ log, reader }, PATIENCE_MS, closing);
  return look();
}

export function sendArray(
  reply: FastifyReply,
  entries: readonly Entry[],
  write: (entry: Entry) => Buffer,
): FastifyReply {
  return sendSpliced(reply, '[', joined(entries.map(write)), ']');
}

/** What an entry's header does not say of its event; nothing of an event that another program wrote. */
export function metadataOf({ metadata }: Entry): Pick<Metadata, 'timestamp' | 'subject'> {
  return decodeMetadata(metadata) ?? {};
}

/**
 * An object with a payload among its members. An accepted payload is I-JSON: its bytes can stand in JSON, also where
 * another program wrote them.
 * @param name of the member that is the payload; between the others
 */
export function withPayload(before: object, name: string, { data }: Entry, after: object): Buffer {
  const head = JSON.stringify(before).slice(0, -1);
  const tail = JSON.stringify(after).slice(1);
  return Buffer.concat([Buffer.from(`${head},"${name}":`), data, Buffer.from(`,${tail}`)]);
}
