/** Every path that is measured, in the order of the table. */
import type { Benchmark } from './benchmark.js';
import { AUTHENTICATION } from './paths/authentication.js';
import { BESIDE } from './paths/beside.js';
import { CATCH_UP } from './paths/catch-up.js';
import { COLD_START } from './paths/cold-start.js';
import { DISK } from './paths/disk.js';
import { EXPORT } from './paths/export.js';
import { FILTERS } from './paths/filters.js';
import { INGEST } from './paths/ingest.js';
import { MEMORY } from './paths/memory.js';
import { PAYLOAD_INDEX } from './paths/payload-index.js';
import { SCALE } from './paths/scale.js';
import { TAIL_COST } from './paths/tails.js';
import { VERIFICATION } from './paths/verification.js';
import { VERIFY_EXPORT } from './paths/verify-export.js';
import { VISIBILITY } from './paths/visibility.js';

export const BENCHMARKS: readonly Benchmark[] = [
  INGEST,
  AUTHENTICATION,
  VISIBILITY,
  COLD_START,
  CATCH_UP,
  PAYLOAD_INDEX,
  VERIFICATION,
  EXPORT,
  VERIFY_EXPORT,
  FILTERS,
  DISK,
  SCALE,
  BESIDE,
  MEMORY,
  TAIL_COST,
];

/** What is measured with the log in EventStoreDB: the others fill the embedded one, or are about what both have. */
export const FOR_EVENTSTORE: readonly Benchmark[] = [INGEST, VISIBILITY, COLD_START, CATCH_UP];
