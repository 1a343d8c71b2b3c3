/** A Dockerfile's steps, taken without an engine: each stage in an empty directory of its own. */
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export interface Image {
  /** what an absolute path of the image is here */
  path(absolute: string): string;
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
  readonly user: string | null;
}

/**
 * Knows the instructions that the project's own Dockerfile has, in the forms that they have there.
 * @param context where the files to be copied are
 * @param root an empty directory
 */
export async function buildImage(context: string, root: string): Promise<Image> {
  const stages: Stage[] = [];
  for (const [instruction, rest] of await instructionsOf(join(context, 'Dockerfile'))) {
    if (instruction === 'FROM') {
      const [, name = 'image'] = / AS (\S+)$/.exec(rest) ?? [];
      stages.push(new Stage(name, join(root, name)));
      await mkdir(join(root, name));
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`${instruction} before FROM`);
    await take(stage, instruction, rest, { context, stages });
  }
  const last = stages.at(-1);
  if (last === undefined) throw new Error('no stage');
  return last;
}

class Stage implements Image {
  readonly name: string;
  readonly environment: Record<string, string> = {};
  workdir = '/';
  entrypoint: readonly string[] = [];
  command: readonly string[] = [];
  healthcheck: readonly string[] = [];
  user: string | null = null;
  readonly #root: string;

  constructor(name: string, root: string) {
    this.name = name;
    this.#root = root;
  }

  path(absolute: string): string {
    return join(this.#root, absolute);
  }

  resolve(path: string): string {
    return this.path(path.startsWith('/') ? path : join(this.workdir, path));
  }
}

async function instructionsOf(file: string): Promise<readonly (readonly [string, string])[]> {
  const lines = (await readFile(file, 'utf8'))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [, instruction, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (instruction === undefined || rest === undefined) throw new Error(`not understood: ${line}`);
    return [instruction, rest];
  });
}

async function take(
  stage: Stage,
  instruction: string,
  rest: string,
  { context, stages }: { readonly context: string; readonly stages: readonly Stage[] },
): Promise<void> {
  switch (instruction) {
    case 'WORKDIR':
      stage.workdir = rest;
      await mkdir(stage.path(rest), { recursive: true });
      return;
    case 'COPY': {
      const [, from] = /^--from=(\S+) /.exec(rest) ?? [];
      const names = rest.replace(/^--from=\S+ /, '').split(' ');
      const target = names.pop() ?? '';
      const source = stages.find(({ name }) => name === from);
      for (const name of names) {
        const original = source?.path(name) ?? join(context, name);
        const into = target === './' ? join(target, name) : target;
        await mkdir(dirname(stage.resolve(into)), { recursive: true });
        await cp(original, stage.resolve(into), { recursive: true, verbatimSymlinks: true });
      }
      return;
    }
    case 'RUN':
      await run(stage, rest);
      return;
    case 'ENV': {
      const [name = '', value = ''] = rest.split('=');
      stage.environment[name] = value;
      return;
    }
    case 'USER':
      stage.user = rest;
      return;
    case 'HEALTHCHECK':
      stage.healthcheck = words(rest.slice(rest.indexOf('[')));
      return;
    case 'ENTRYPOINT':
      stage.entrypoint = words(rest);
      return;
    case 'CMD':
      stage.command = words(rest);
      return;
    case 'VOLUME':
    case 'EXPOSE':
      return;
    default:
      throw new Error(`not understood: ${instruction}`);
  }
}

/** Absolute paths are those of the stage, and all of its files ours. */
async function run(stage: Stage, script: string): Promise<void> {
  const { PATH = '', HOME = '' } = process.env;
  const here = script
    .replace(/ -o \S+ -g \S+/g, '')
    .replace(/ (\/\S+)/g, (_all, path: string) => ` ${stage.path(path)}`);
  await promisify(execFile)('/bin/sh', ['-ec', here], {
    cwd: stage.path(stage.workdir),
    env: { PATH, HOME, ...npmSettings() },
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** Where npm takes packages from may be told by the environment. */
function npmSettings(): Record<string, string> {
  const settings = Object.entries(process.env).filter(([name]) =>
    /^(npm_config_(registry|cache)|node_extra_ca_certs|https?_proxy|no_proxy)$/i.test(name),
  );
  return Object.fromEntries(settings.map(([name, value]) => [name, value ?? '']));
}

function words(json: string): readonly string[] {
  return JSON.parse(json) as readonly string[];
}
