/** A process that appends: URL, then how many writers, how many events each, and the sources they write to. */
import { openPostgresEventLog } from '../../../src/event-log/postgres/event-log.js';
import { candidates } from '../../support/event-log.js';

const [url = '', writers, each, ...sources] = process.argv.slice(2);
const log = openPostgresEventLog({ url });
await Promise.all(
  Array.from({ length: Number(writers) }, async (_, writer) => {
    const source = sources[writer % sources.length] ?? '';
    for (const given of candidates(Number(each))) await log.append(source, [given]);
  }),
);
await log.close();
