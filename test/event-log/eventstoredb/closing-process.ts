/** A process that has used its log in every way, closes it when told to, and then has nothing left to do. */
import { openEventStoreDbEventLog } from '../../../src/event-log/eventstoredb/event-log.js';
import { candidates, collect } from '../../support/event-log.js';

const log = openEventStoreDbEventLog({ url: process.argv[2] ?? '', deadlineMs: 1_000 });
const source = `closing-${process.pid}`;
await log.append(source, candidates(3));
await collect(log.readSource(source));
// ends with the server, or with the log
const following = collect(log.subscribe({ after: null, signal: new AbortController().signal })).catch(
  () => undefined,
);
await log.health();
process.stdout.write('ready\n');
process.stdin.once('data', () => {
  process.stdin.destroy();
  const appending = log.append(source, candidates(1));
  void Promise.allSettled([appending, following, log.close()]);
});
