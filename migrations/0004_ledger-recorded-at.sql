-- What was recorded between two times, which need not rise with the index.
CREATE INDEX entry_recorded_at ON ledger.entry (recorded_at);
