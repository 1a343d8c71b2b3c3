/**
 * How an embedded server is set, whatever stands in its postgresql.conf. What is not named here is as PostgreSQL has it;
 * docs/performance.md says what was measured, and what did not help.
 */
import { totalmem } from 'node:os';

const MB = 1024 * 1024;

/** A container may have less than its machine; 0, or more than there is, where nothing limits it. */
const MEMORY = Math.min(totalmem(), process.constrainedMemory() || Infinity);

/**
 * For what is written and asked for most: the newest pages of tables and indexes. The rest is in the system's cache. An
 * eighth of the memory, for the server runs beside other people's things, and no more than pays.
 */
function sharedBuffers(memory: number): string {
  const most = 512 * MB;
  const least = 64 * MB;
  return `${Math.floor(Math.min(Math.max(memory / 8, least), most) / MB)}MB`;
}

/** What a ledger is: written at the end, in bursts, and read in long stretches. */
const FOR_LEDGERS: Readonly<Record<string, string>> = {
  shared_buffers: sharedBuffers(MEMORY),
  // Pages of memory that somebody has set aside are not for us.
  huge_pages: 'off',
  // Checkpoints as far apart as recovery after a crash can bear (some 20 s a GB): the first change of a page after each
  // writes all of it to the log once more.
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  // An import does not begin with making files.
  min_wal_size: '256MB',
  // What is not in the buffers is in the system's cache: to hand its reading to processes of their own takes longer.
  io_method: 'sync',
  // Tables that only grow are vacuumed when they have grown by a fiftieth in the place of a fifth, a few pages at a time:
  // counts then read the index alone.
  autovacuum_vacuum_insert_scale_factor: '0.02',
  autovacuum_vacuum_insert_threshold: '10000',
};

/** What an acknowledged event rests on, and what keeps payloads out of logs. */
export const SETTINGS: Readonly<Record<string, string>> = {
  ...FOR_LEDGERS,
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  // Plain fsync(2) leaves the data in the drive's cache on macOS.
  ...(process.platform === 'darwin' && { wal_sync_method: 'fsync_writethrough' }),
  // Messages name what failed; the rows and statements they were about may hold payloads.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_parameter_max_length: '0',
  log_statement: 'none',
  log_min_messages: 'warning',
  log_checkpoints: 'off',
  log_destination: 'stderr',
  logging_collector: 'off',
  password_encryption: 'scram-sha-256',
  ssl: 'off',
  // A client that went away stops its query.
  client_connection_check_interval: '5s',
  jit: 'off',
  // /dev/shm is small in containers, and systemd empties it when the user who runs us logs out.
  ...(process.platform !== 'win32' && { dynamic_shared_memory_type: 'mmap' }),
  max_logical_replication_workers: '0',
};
