/** How an embedded server is set, whatever stands in its postgresql.conf. */

/** What an acknowledged event rests on, and what keeps payloads out of logs. */
export const SETTINGS: Readonly<Record<string, string>> = {
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
