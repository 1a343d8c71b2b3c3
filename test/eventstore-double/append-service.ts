/** Streams.Append, Delete and Tombstone. */
import type { handleClientStreamingCall, handleUnaryCall } from '@grpc/grpc-js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { AppendResult } from './double-log.js';
import type { ExpectedRevision, ProposedRecord } from './record.js';
import { appendTooLarge, streamDeleted, unknown, wrongExpectedVersion } from './refusal.js';
import { collected, unary, type Caller, type Service } from './service.js';
import { readProposed, streamName } from './wire.js';

export function appendHandler(
  service: Service,
): handleClientStreamingCall<streams.AppendReq, streams.AppendResp> {
  return collected(service, async (requests: readonly streams.AppendReq[], caller: Caller) => {
    const [head, ...messages] = requests;
    const options = head?.getOptions();
    if (!options) throw unknown();
    const stream = streamName(options.getStreamIdentifier());
    service.access.check(caller.metadata, 'write', stream);
    const events = readEvents(service, messages);
    const expected = expectedRevision(options);
    await service.faults.atAppend('before', caller.getPeer());
    const result = service.log.append(stream, events, expected);
    await service.faults.atAppend('after', caller.getPeer());
    if (result.status === 'deleted') throw streamDeleted(stream);
    return response(result, options);
  });
}

export function deleteHandler(service: Service): handleUnaryCall<streams.DeleteReq, streams.DeleteResp> {
  return unary(service, (request: streams.DeleteReq, caller: Caller) => {
    const options = request.getOptions();
    if (!options) throw unknown();
    const stream = streamName(options.getStreamIdentifier());
    service.access.check(caller.metadata, 'delete', stream);
    const expected = expectedRevision(options);
    const position = deletedAt(stream, expected, service.log.delete(stream, expected));
    const at = new streams.DeleteResp.Position();
    at.setCommitPosition(position).setPreparePosition(position);
    return new streams.DeleteResp().setPosition(at);
  });
}

export function tombstoneHandler(
  service: Service,
): handleUnaryCall<streams.TombstoneReq, streams.TombstoneResp> {
  return unary(service, (request: streams.TombstoneReq, caller: Caller) => {
    const options = request.getOptions();
    if (!options) throw unknown();
    const stream = streamName(options.getStreamIdentifier());
    service.access.check(caller.metadata, 'delete', stream);
    const expected = expectedRevision(options);
    const position = deletedAt(stream, expected, service.log.tombstone(stream, expected));
    const at = new streams.TombstoneResp.Position();
    at.setCommitPosition(position).setPreparePosition(position);
    return new streams.TombstoneResp().setPosition(at);
  });
}

function readEvents(service: Service, messages: readonly streams.AppendReq[]): readonly ProposedRecord[] {
  let size = 0;
  return messages.map((message) => {
    const proposal = message.getProposedMessage();
    if (!proposal) throw unknown();
    size += proposal.getData_asU8().length;
    if (service.limitCountsEverything) {
      size += proposal.getCustomMetadata_asU8().length;
      size += Buffer.byteLength(proposal.getMetadataMap().get('type') ?? '');
    }
    if (size > service.appendLimit) throw appendTooLarge(service.appendLimit);
    return readProposed(proposal);
  });
}

function expectedRevision(options: {
  hasRevision(): boolean;
  getRevision(): string;
  hasNoStream(): boolean;
  hasAny(): boolean;
  hasStreamExists(): boolean;
}): ExpectedRevision {
  if (options.hasRevision()) return BigInt.asIntN(64, BigInt(options.getRevision()));
  if (options.hasNoStream()) return 'no_stream';
  if (options.hasStreamExists()) return 'stream_exists';
  if (options.hasAny()) return 'any';
  throw unknown();
}

function response(
  result: Exclude<AppendResult, { status: 'deleted' }>,
  options: streams.AppendReq.Options,
): streams.AppendResp {
  if (result.status === 'wrong-expected-version') return conflict(result.current, options);
  const success = new streams.AppendResp.Success();
  if (result.revision < 0n) success.setNoStream(new shared.Empty());
  else success.setCurrentRevision(String(result.revision));
  if (result.position === null) success.setNoPosition(new shared.Empty());
  else {
    const position = new streams.AppendResp.Position();
    position.setCommitPosition(String(result.position));
    position.setPreparePosition(String(result.position));
    success.setPosition(position);
  }
  return new streams.AppendResp().setSuccess(success);
}

function conflict(current: bigint, options: streams.AppendReq.Options): streams.AppendResp {
  const conflict = new streams.AppendResp.WrongExpectedVersion();
  if (current < 0n) conflict.setCurrentNoStream(new shared.Empty());
  else conflict.setCurrentRevision(String(current));
  if (options.hasRevision()) conflict.setExpectedRevision(options.getRevision());
  else if (options.hasNoStream()) conflict.setExpectedNoStream(new shared.Empty());
  else if (options.hasStreamExists()) conflict.setExpectedStreamExists(new shared.Empty());
  else conflict.setExpectedAny(new shared.Empty());
  return new streams.AppendResp().setWrongExpectedVersion(conflict);
}

function deletedAt(stream: string, expected: ExpectedRevision, result: AppendResult): string {
  if (result.status === 'deleted') throw streamDeleted(stream);
  if (result.status === 'wrong-expected-version') {
    throw wrongExpectedVersion(stream, expected, result.current);
  }
  return String(result.position ?? 0);
}
