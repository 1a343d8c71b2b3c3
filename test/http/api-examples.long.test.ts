/** The examples of docs/api.md, as they stand: what is typed into a shell, and programs in JavaScript and Python. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD, startApi, type TestApi } from '../support/api.js';
import { COMMAND, temporaryFolder } from '../support/ledger-process.js';

interface Example {
  readonly language: 'sh' | 'js' | 'python';
  readonly code: string;
  /** what stands below it, if anything */
  readonly answer: { readonly form: 'json' | 'text'; readonly text: string } | null;
}

const STORY = /^## By example\n([^]*?)(?=^## )/m;
const BLOCK = /^```(\w+)\n([^]*?)^```$/gm;

/** In the place of what is different each time. */
const ANYTHING = '…';

const PROGRAMS = {
  sh: ['bash', '-c'],
  js: [process.execPath, '--input-type=module', '-e'],
  python: ['python3', '-c'],
} as const;

async function readExamples(): Promise<readonly Example[]> {
  const text = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const [, story = ''] = STORY.exec(text) ?? [];
  const examples: Example[] = [];
  for (const [, language = '', code = ''] of story.matchAll(BLOCK)) {
    if (language in PROGRAMS) {
      examples.push({ language: language as Example['language'], code, answer: null });
    } else {
      const last = examples.pop();
      if (last === undefined) throw new Error(`an answer stands below no example: ${code}`);
      examples.push({ ...last, answer: { form: language as 'json' | 'text', text: code } });
    }
  }
  return examples;
}

/** Every text that is written with `…` in the place of any. */
function patternOf(text: string): RegExp {
  const parts = text.split(ANYTHING).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*')}$`);
}

/** Holds a value to one that is written with `…`: any text or number, or as a member's name, any further members. */
function expectLike(value: unknown, written: unknown, at: string): void {
  if (written === ANYTHING) return;
  if (typeof written === 'string') expect(value, at).toMatch(patternOf(written));
  else if (typeof written !== 'object' || written === null) expect(value, at).toBe(written);
  else {
    const members = written as Readonly<Record<string, unknown>>;
    const found = (value ?? {}) as Readonly<Record<string, unknown>>;
    const { [ANYTHING]: more, ...named } = members;
    if (more === undefined) expect(Object.keys(found).sort(), at).toEqual(Object.keys(named).sort());
    for (const [name, member] of Object.entries(named)) expectLike(found[name], member, `${at}/${name}`);
  }
}

describe('docs/api.md', () => {
  let api: TestApi;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    for (const tool of ['curl', 'python3']) {
      if (spawnSync(tool, ['--version']).status === 0) continue;
      throw new Error(
        `docs/api.md has examples with ${tool}, which is not installed (apt-get install ${tool})`,
      );
    }
    api = await startApi();
    folder = await temporaryFolder();
    await mkdir(join(folder.path, '.event-ledger'));
    await writeFile(join(folder.path, '.event-ledger/admin-password'), `${PASSWORD}\n`);
    await mkdir(join(folder.path, 'node_modules/.bin'), { recursive: true });
    await symlink(COMMAND, join(folder.path, 'node_modules/.bin/event-ledger'));
  });
  afterAll(async () => {
    await api.close();
    await folder.remove();
  });

  async function run(command: string, args: readonly string[]): Promise<{ code: unknown; output: string }> {
    const { PATH = '', HOME = '' } = process.env;
    const env = { PATH, HOME, LEDGER_URL: api.url, LEDGER_ADMIN_PASSWORD: PASSWORD };
    const child = spawn(command, args, { cwd: folder.path, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, 'close')) as [unknown];
    return { code, output };
  }

  it('tells a story whose examples run as they stand, and answer what stands below them', async () => {
    const examples = await readExamples();
    const [setting, ...story] = examples;
    expect(new Set(story.map(({ language }) => language))).toEqual(new Set(['sh', 'js', 'python']));
    expect(setting?.code).toContain('export LEDGER_URL=http://127.0.0.1:8080\n');
    const [shell, option] = PROGRAMS.sh;
    const read = 'echo "$LEDGER_ADMIN_PASSWORD"';
    expect(await run(shell, [option, `${setting?.code ?? ''}${read}`])).toEqual({
      code: 0,
      output: `${PASSWORD}\n`,
    });

    for (const { language, code, answer } of story) {
      const [program, ...options] = PROGRAMS[language];
      const { code: exit, output } = await run(program, [...options, code]);
      expect(exit, `${code}\n${output}`).toBe(0);
      if (answer?.form === 'json') expectLike(JSON.parse(output), JSON.parse(answer.text), code);
      if (answer?.form === 'text') expect(output.trimEnd(), code).toMatch(patternOf(answer.text.trimEnd()));
    }
  });
});
