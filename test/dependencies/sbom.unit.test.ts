import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { lockedPackages, productionPackages, ROOT } from './lock-file.js';
import type { Sbom } from './sbom.js';

describe('npm run sbom', () => {
  let sbom: Sbom;
  const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly dependencies: Readonly<Record<string, string>>;
    readonly optionalDependencies: Readonly<Record<string, string>>;
  };

  beforeAll(() => {
    sbom = JSON.parse(
      execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: ROOT, encoding: 'utf8' }),
    ) as Sbom;
  });

  it('is a CycloneDX document of this program', () => {
    expect(sbom).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: expect.stringMatching(/^1\.\d+$/) as string,
      serialNumber: expect.stringMatching(/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as string,
      version: 1,
      metadata: { component: { type: 'application', name: manifest.name, version: manifest.version } },
    });
    expect(new Date(sbom.metadata.timestamp).toISOString()).toBe(sbom.metadata.timestamp);
  });

  it('names every package that the lock file has for production, once, and no other', () => {
    const named = sbom.components.map(({ name, version }) => `${name}@${version}`).sort();
    expect(named).toEqual([...productionPackages(lockedPackages())].sort());
    expect(named).toContain(`fastify@${lockedPackages()['node_modules/fastify']?.version ?? ''}`);
    expect(named.join()).not.toMatch(/\b(?:vitest|typescript|eslint)@/);
  });

  it('says of each where it is from, and the hash of what is downloaded', () => {
    for (const { 'bom-ref': ref, purl, hashes, name, version, properties } of sbom.components) {
      expect(purl).toBe(`pkg:npm/${name.replace('@', '%40')}@${version}`);
      expect(hashes?.[0], ref).toEqual({
        alg: 'SHA-512',
        content: expect.stringMatching(/^[0-9a-f]{128}$/) as string,
      });
      expect(properties, ref).toEqual([]);
    }
  });

  it('says what needs what, of its own components alone', () => {
    const root = sbom.metadata.component['bom-ref'];
    const refs = new Set([root, ...sbom.components.map(({ 'bom-ref': ref }) => ref)]);
    expect(refs.size).toBe(sbom.components.length + 1);
    expect(new Set(sbom.dependencies.map(({ ref }) => ref))).toEqual(refs);
    for (const { dependsOn } of sbom.dependencies) for (const ref of dependsOn) expect(refs).toContain(ref);
    const direct = sbom.dependencies.find(({ ref }) => ref === root)?.dependsOn ?? [];
    const names = direct.map((ref) => ref.slice(0, ref.lastIndexOf('@'))).sort();
    expect(names).toEqual(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).sort());
  });
});
