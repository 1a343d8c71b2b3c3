/** npm run collection: writes down the requests that /openapi.json gives. */
import { writeFileSync } from 'node:fs';
import { collectionOf } from './collection.js';
import { describeApi } from './document.js';

const file = new URL('../../docs/event-ledger.postman_collection.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(collectionOf(await describeApi('0.0.0')), null, 2)}\n`);
