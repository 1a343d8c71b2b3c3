/** The messages as they go over the wire: written to bytes and read again, as the transport does. */
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { describe, expect, test } from 'vitest';
import {
  appendAnswer,
  appendRequest,
  readAnswer,
  readLogRequest,
  readStreamRequest,
} from '../../../src/event-log/eventstoredb/messages.js';
import type { Position } from '../../../src/ledger/types.js';
import { candidate } from '../../support/event-log.js';

const BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

function sent<Message extends { serializeBinary(): Uint8Array }>(
  type: { deserializeBinary(bytes: Uint8Array): Message },
  message: Message,
): Message {
  return type.deserializeBinary(message.serializeBinary());
}

describe('an append', () => {
  test('brings the bytes as they are, with the metadata that the server requires', () => {
    const given = candidate({ type: 'naïve \u0000 🧾', data: BYTES, metadata: BYTES });
    const [header, message] = appendRequest('ledger-ж', 7, [given]).map((each) =>
      sent(streams.AppendReq, each),
    );
    const options = header?.getOptions();
    expect(Buffer.from(options?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()).toBe(
      'ledger-ж',
    );
    expect(options?.getRevision()).toBe('7');
    const proposal = message?.getProposedMessage();
    expect(proposal?.getId()?.getString()).toBe(given.id);
    expect(Buffer.from(proposal?.getData_asU8() ?? []).equals(BYTES)).toBe(true);
    expect(Buffer.from(proposal?.getCustomMetadata_asU8() ?? []).equals(BYTES)).toBe(true);
    const attributes = proposal?.getMetadataMap();
    expect([attributes?.get('type'), attributes?.get('content-type')]).toEqual([
      given.type,
      'application/json',
    ]);
  });

  test('expects revision 0 as a number, and no stream where there is none', () => {
    const [zero] = appendRequest('ledger-a', 0, []).map((each) => sent(streams.AppendReq, each));
    expect([zero?.getOptions()?.hasRevision(), zero?.getOptions()?.getRevision()]).toEqual([true, '0']);
    const [none] = appendRequest('ledger-a', -1, []).map((each) => sent(streams.AppendReq, each));
    expect(none?.getOptions()?.hasNoStream()).toBe(true);
  });

  test('is answered with the revision it got, or the one that is there', () => {
    const success = new streams.AppendResp.Success();
    success.setCurrentRevision('0');
    success.setPosition(new streams.AppendResp.Position());
    const done = sent(streams.AppendResp, new streams.AppendResp().setSuccess(success));
    expect(appendAnswer(done)).toEqual({ kind: 'appended', lastRevision: 0, placed: true });

    const wrong = new streams.AppendResp.WrongExpectedVersion();
    wrong.setCurrentRevision('0');
    const refused = sent(streams.AppendResp, new streams.AppendResp().setWrongExpectedVersion(wrong));
    expect(appendAnswer(refused)).toEqual({ kind: 'wrong-revision', lastRevision: 0 });

    wrong.setCurrentNoStream(new shared.Empty());
    const none = sent(streams.AppendResp, new streams.AppendResp().setWrongExpectedVersion(wrong));
    expect(appendAnswer(none)).toEqual({ kind: 'wrong-revision', lastRevision: -1 });
    expect(() => appendAnswer(new streams.AppendResp())).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });
});

describe('a read', () => {
  test('asks for a number of events: a number that is not text would arrive as 0', () => {
    const request = sent(
      streams.ReadReq,
      readStreamRequest({ stream: 'ledger-a', from: 0, backwards: false, limit: 10 }),
    );
    expect(request.getOptions()?.getCount()).toBe('10');
    expect(request.getOptions()?.getStream()?.hasRevision()).toBe(true);
    expect(request.getOptions()?.getResolveLinks()).toBe(false);
  });

  test('of $all asks for what begins with the prefixes alone, from a place beyond what a double holds', () => {
    const from = '9223372036854775000/9223372036854775000' as Position;
    const { prefixes, limit } = { prefixes: ['ledger-', '$settings'], limit: null };
    const request = sent(streams.ReadReq, readLogRequest({ from, backwards: false, limit, prefixes }));
    const options = request.getOptions();
    expect(options?.hasSubscription()).toBe(true);
    expect(options?.getFilter()?.getStreamIdentifier()?.getPrefixList()).toEqual(prefixes);
    expect(options?.getAll()?.getPosition()?.getCommitPosition()).toBe('9223372036854775000');
  });
});

describe('an answer', () => {
  function answer(change: (record: streams.ReadResp.ReadEvent.RecordedEvent) => void): streams.ReadResp {
    const record = new streams.ReadResp.ReadEvent.RecordedEvent();
    const uuid = new shared.UUID();
    uuid.setString('B7C0F3D2-1111-4222-8333-444444444444');
    const name = new shared.StreamIdentifier();
    name.setStreamName(Buffer.from('ledger-🧾'));
    record.setId(uuid);
    record.setStreamIdentifier(name);
    record.setStreamRevision('3');
    record.setCommitPosition('18446744073709551614');
    record.setPreparePosition('5');
    record.setData(BYTES);
    record.setCustomMetadata(BYTES);
    record.getMetadataMap().set('type', 't').set('created', '17937504001234567');
    change(record);
    const event = new streams.ReadResp.ReadEvent();
    event.setEvent(record);
    const response = new streams.ReadResp();
    response.setEvent(event);
    return sent(streams.ReadResp, response);
  }

  test('gives the bytes as they are, the time to the millisecond, and 64-bit numbers exactly', () => {
    const read = readAnswer(answer(() => undefined));
    if (read.kind !== 'record') throw new Error(read.kind);
    const { record } = read;
    expect(record.data.equals(BYTES) && record.metadata.equals(BYTES)).toBe(true);
    expect(record).toMatchObject({
      stream: 'ledger-🧾',
      revision: 3n,
      id: 'b7c0f3d2-1111-4222-8333-444444444444',
      type: 't',
      position: '18446744073709551614/5',
      created: new Date(1_793_750_400_123).toISOString(),
    });
  });

  test('knows a tombstone by its revision, and a place that is not known', () => {
    const read = readAnswer(
      answer((record) => {
        record.setStreamRevision('9223372036854775807');
        record.setCommitPosition('18446744073709551615');
      }),
    );
    expect(read).toMatchObject({ record: { revision: 9_223_372_036_854_775_807n, position: null } });
  });

  test('has no bytes where there are none', () => {
    const read = readAnswer(
      answer((record) => {
        record.setData('');
        record.setCustomMetadata('');
      }),
    );
    if (read.kind !== 'record') throw new Error(read.kind);
    expect([read.record.data.length, read.record.metadata.length]).toEqual([0, 0]);
  });

  test('of other kinds is told apart', () => {
    const [none, live] = [new streams.ReadResp(), new streams.ReadResp()];
    none.setStreamNotFound(new streams.ReadResp.StreamNotFound());
    live.setCaughtUp(new streams.ReadResp.CaughtUp());
    expect([none, live, new streams.ReadResp()].map((each) => readAnswer(each).kind)).toEqual([
      'no-stream',
      'caught-up',
      'other',
    ]);
  });
});
