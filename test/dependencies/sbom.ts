/** What is in the published program, for those who look for vulnerable parts: a CycloneDX SBOM. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { lockedPackages, productionPackages, ROOT } from './lock-file.js';

export interface Component {
  readonly 'bom-ref': string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

export interface Sbom {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly serialNumber: string;
  readonly version: number;
  readonly metadata: { readonly timestamp: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

interface Manifest {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

const DEVELOPMENT = 'cdx:npm:package:development';

/**
 * The SBOM of all that the lock file installs for production, on whatever platform. `npm sbom --omit dev` of npm 10 and
 * 11 leaves out what a devDependency needs, too, and marks a package by one of its places: the lock file says which are meant.
 */
export function makeSbom(): Sbom {
  const { name, dependencies, optionalDependencies } = JSON.parse(
    readFileSync(`${ROOT}package.json`, 'utf8'),
  ) as Manifest;
  const whole = npmSbom();
  const needed = productionPackages(lockedPackages());
  const direct = new Set(Object.keys({ ...dependencies, ...optionalDependencies }));
  const root = whole.metadata.component['bom-ref'];
  return {
    ...whole,
    // npm names it for the folder
    metadata: { ...whole.metadata, component: { ...whole.metadata.component, name } },
    components: whole.components.filter(({ 'bom-ref': ref }) => needed.has(ref)).map(unmarked),
    dependencies: whole.dependencies
      .filter(({ ref }) => ref === root || needed.has(ref))
      .map(({ ref, dependsOn }) => ({
        ref,
        dependsOn: dependsOn.filter((one) => needed.has(one) && (ref !== root || direct.has(packageOf(one)))),
      })),
  };
}

function npmSbom(): Sbom {
  const args = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'];
  const options = { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
  return JSON.parse(execFileSync('npm', args, options)) as Sbom;
}

function unmarked(component: Component): Component {
  const properties = component.properties?.filter(({ name }) => name !== DEVELOPMENT) ?? [];
  return { ...component, properties };
}

/** @param ref `name@version`; a name may begin with @ */
function packageOf(ref: string): string {
  return ref.slice(0, ref.lastIndexOf('@'));
}
