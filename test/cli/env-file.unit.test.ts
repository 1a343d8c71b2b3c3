import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnvFile } from '../../src/cli/env-file.js';

describe('an environment file', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'event-ledger-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('sets what the environment does not', () => {
    const path = join(folder, 'settings.env');
    writeFileSync(path, '# where it listens\nPORT=8081\nLOG_LEVEL="debug"\n');
    const environment: NodeJS.ProcessEnv = { PORT: '9000' };
    readEnvFile(path, environment);
    expect(environment).toEqual({ PORT: '9000', LOG_LEVEL: 'debug' });
  });

  it('that cannot be read is a mistake in the configuration', () => {
    const path = join(folder, 'missing.env');
    expect(() => readEnvFile(path, {})).toThrow(
      expect.objectContaining({ code: 'invalid-configuration' }) as Error,
    );
  });
});
