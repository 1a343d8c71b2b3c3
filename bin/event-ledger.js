#!/usr/bin/env node
// In a checkout the sources run as they are, so that nobody runs yesterday's build; a published package has only dist/.
import { existsSync } from 'node:fs';

if (existsSync(new URL('../src/cli/main.ts', import.meta.url))) {
  const { importSource } = await import('../loader/sources.js');
  await importSource('cli/main.ts');
} else {
  await import('../dist/cli/main.js');
}
