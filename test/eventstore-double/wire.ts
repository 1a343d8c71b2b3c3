/** Between the messages of the protocol and the records of the log. */
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { LogRecord, ProposedRecord } from './record.js';
import { missingMetadata, unknown } from './refusal.js';

export type UuidForm = 'string' | 'structured';

export function streamName(identifier: shared.StreamIdentifier | undefined): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');
}

/** @throws Refusal when a required property is missing (3), or the id or the type is empty (2) */
export function readProposed(message: streams.AppendReq.ProposedMessage): ProposedRecord {
  const properties = message.getMetadataMap();
  const type = properties.get('type');
  if (type === undefined) throw missingMetadata('type');
  const contentType = properties.get('content-type');
  if (contentType === undefined) throw missingMetadata('content-type');
  const id = readUuid(message.getId());
  if (type === '' || id === NIL) throw unknown();
  return {
    id,
    type,
    json: contentType === 'application/json',
    data: Buffer.from(message.getData_asU8()),
    metadata: Buffer.from(message.getCustomMetadata_asU8()),
  };
}

export function eventResponse(record: LogRecord, form: UuidForm): streams.ReadResp {
  const event = new streams.ReadResp.ReadEvent.RecordedEvent();
  const name = new shared.StreamIdentifier();
  name.setStreamName(Buffer.from(record.stream));
  event.setStreamIdentifier(name);
  event.setId(writeUuid(record.id, form));
  event.setStreamRevision(String(record.revision));
  event.setCommitPosition(String(record.position));
  event.setPreparePosition(String(record.position));
  event.setData(record.data);
  event.setCustomMetadata(record.metadata);
  const properties = event.getMetadataMap();
  properties.set('type', record.type);
  properties.set('created', String(record.created));
  properties.set('content-type', record.json ? 'application/json' : 'application/octet-stream');

  const read = new streams.ReadResp.ReadEvent();
  read.setEvent(event);
  read.setCommitPosition(String(record.position));
  return new streams.ReadResp().setEvent(read);
}

export function checkpointResponse(position: number): streams.ReadResp {
  const checkpoint = new streams.ReadResp.Checkpoint();
  checkpoint.setCommitPosition(String(position));
  checkpoint.setPreparePosition(String(position));
  return new streams.ReadResp().setCheckpoint(checkpoint);
}

export function confirmationResponse(id: string): streams.ReadResp {
  const confirmation = new streams.ReadResp.SubscriptionConfirmation();
  confirmation.setSubscriptionId(id);
  return new streams.ReadResp().setConfirmation(confirmation);
}

export function caughtUpResponse(): streams.ReadResp {
  return new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp());
}

export function notFoundResponse(stream: string): streams.ReadResp {
  const name = new shared.StreamIdentifier();
  name.setStreamName(Buffer.from(stream));
  const notFound = new streams.ReadResp.StreamNotFound();
  notFound.setStreamIdentifier(name);
  return new streams.ReadResp().setStreamNotFound(notFound);
}

export function writeUuid(id: string, form: UuidForm): shared.UUID {
  if (form === 'string') return new shared.UUID().setString(id);
  const hex = id.replaceAll('-', '');
  const structured = new shared.UUID.Structured();
  structured.setMostSignificantBits(String(BigInt.asIntN(64, BigInt(`0x${hex.slice(0, 16)}`))));
  structured.setLeastSignificantBits(String(BigInt.asIntN(64, BigInt(`0x${hex.slice(16)}`))));
  return new shared.UUID().setStructured(structured);
}

/** @returns lower-case @throws Refusal when it is none */
export function readUuid(uuid: shared.UUID | undefined): string {
  const structured = uuid?.getStructured();
  const hex = structured
    ? bits(structured.getMostSignificantBits()) + bits(structured.getLeastSignificantBits())
    : (uuid?.getString() ?? '').toLowerCase().replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/.test(hex)) throw unknown();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function bits(int64: string): string {
  return BigInt.asUintN(64, BigInt(int64)).toString(16).padStart(16, '0');
}

const NIL = '00000000-0000-0000-0000-000000000000';
