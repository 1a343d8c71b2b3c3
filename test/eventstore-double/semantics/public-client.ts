/** The client that the project ships with, as its makers meant it to be used. */
import { EventStoreDBClient, FORWARDS, jsonEvent, START, streamNameFilter } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newStream, type ServerUnderTest } from './server-under-test.js';

export function publicClientSemantics({ url }: ServerUnderTest): void {
  describe('the public client', () => {
    let client: EventStoreDBClient;

    beforeAll(() => {
      client = EventStoreDBClient.connectionString(url());
    });

    afterAll(() => client.dispose());

    it('appends, reads and subscribes', async () => {
      const stream = newStream();
      const written = await client.appendToStream(
        stream,
        jsonEvent({ type: 'user.login', data: { user: 'ada' } }),
      );
      expect(written).toMatchObject({ success: true, nextExpectedRevision: 0n });

      for await (const { event } of client.readStream(stream, { fromRevision: START, direction: FORWARDS })) {
        expect(event).toMatchObject({
          streamId: stream,
          type: 'user.login',
          data: { user: 'ada' },
          revision: 0n,
        });
      }
      const filter = streamNameFilter({ prefixes: [stream] });
      for await (const { event } of client.subscribeToAll({ filter })) {
        expect(event).toMatchObject({ streamId: stream, position: written.position });
        break;
      }
    });

    it('rejects a wrong expected revision, and a stream that is not there', async () => {
      const stream = newStream();
      const event = jsonEvent({ type: 'user.login', data: {} });
      await expect(client.appendToStream(stream, event, { expectedRevision: 3n })).rejects.toMatchObject({
        type: 'wrong-expected-version',
        actualVersion: 'no_stream',
      });
      const read = async () => {
        for await (const { event } of client.readStream(stream)) expect(event).toBeUndefined();
      };
      await expect(read()).rejects.toMatchObject({ type: 'stream-not-found' });
    });

    it('is told where a stream stands that it would delete', async () => {
      const stream = newStream();
      await client.appendToStream(stream, jsonEvent({ type: 'user.login', data: {} }));
      await expect(client.deleteStream(stream, { expectedRevision: 'no_stream' })).rejects.toMatchObject({
        type: 'wrong-expected-version',
        actualVersion: 0n,
      });
    });

    it('sets metadata, deletes and tombstones', async () => {
      const stream = newStream();
      await client.appendToStream(stream, jsonEvent({ type: 'user.login', data: {} }));
      await client.setStreamMetadata(stream, { maxCount: 7 });
      expect(await client.getStreamMetadata(stream)).toMatchObject({ metadata: { maxCount: 7 } });
      await client.deleteStream(stream);
      await client.tombstoneStream(stream);
      await expect(
        client.appendToStream(stream, jsonEvent({ type: 'user.login', data: {} })),
      ).rejects.toMatchObject({ type: 'stream-deleted' });
    });
  });
}
