/** The real command as a real process: started, watched, stopped and killed by process id. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLines } from '../../src/cli/lines.js';
import { removeFolder } from './data-directory.js';

const ROOT = new URL('../..', import.meta.url).pathname;
export const COMMAND = join(ROOT, 'bin/event-ledger.js');
export const PASSWORD = 'a password of the tests';

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own for a test's data, removed with `remove`. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'event-ledger-test-'));
  return { path, remove: () => removeFolder(path) };
}

/** The environment of a command: nothing of the caller's settings but what a process needs to run. */
export function commandEnvironment(settings: Readonly<Record<string, string>>): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR = '' } = process.env;
  return { PATH, HOME, ...(TMPDIR === '' ? {} : { TMPDIR }), LEDGER_ADMIN_PASSWORD: PASSWORD, ...settings };
}

/**
 * Runs a command to its end.
 * @param stdout a descriptor that takes its output; a pipe without it
 */
export async function runCommand(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
  input?: string | Buffer,
  stdout: number | 'pipe' = 'pipe',
): Promise<Finished> {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: commandEnvironment(settings),
    stdio: ['pipe', stdout, 'pipe'],
  });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk));
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout: Buffer.concat(output).toString(), stderr: Buffer.concat(errors).toString() };
}

export interface RunningCommand {
  /** complete lines of its output so far */
  lines(): readonly string[];
  /** asks it to stop, resolves with its exit code */
  stop(): Promise<number | null>;
}

/** Starts a command that runs until it is stopped. */
export function startCommand(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
): RunningCommand {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: commandEnvironment(settings),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  return {
    lines: () => output.split('\n').slice(0, -1),
    async stop() {
      child.kill('SIGTERM');
      const [code] = (await once(child, 'close')) as [number | null];
      return code;
    },
  };
}

export interface LedgerProcess {
  readonly url: string;
  readonly pid: number;
  /** milliseconds from spawn to ready */
  readonly startupMs: number;
  /** resolves with the exit code after the signal */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** the log lines so far */
  readonly log: readonly string[];
  request(path: string, init?: RequestInit): Promise<Response>;
  /** the body; whatever of the answer /openapi.json does not describe is an error */
  json<Body>(path: string, init?: RequestInit): Promise<Body>;
}

/** Starts a serving command and waits until it says it is ready. */
export async function startLedger(
  settings: Readonly<Record<string, string>>,
  command: 'start' | 'api' | 'projector' = 'start',
): Promise<LedgerProcess> {
  const started = performance.now();
  const child = spawn(process.execPath, [COMMAND, command], {
    env: commandEnvironment({ PORT: '0', ...settings }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const log: string[] = [];
  const url = await untilReady(child, log);
  const startupMs = performance.now() - started;
  const request = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${url}${path}`, {
      ...init,
      headers: {
        authorization: `Basic ${btoa(`admin:${PASSWORD}`)}`,
        ...(init.headers as Record<string, string>),
      },
    });
  return {
    url,
    pid: child.pid ?? 0,
    startupMs,
    log,
    request,
    json: async <Body>(path: string, init?: RequestInit) => {
      const response = await request(path, init);
      const { status, headers } = response;
      const body = await response.text();
      // it loads the API, which few tests of processes need
      const { describedAnswers } = await import('../api-document/answers.js');
      const answers = await describedAnswers();
      const method = init?.method ?? 'GET';
      const mistakes = answers.mistakesOf({ method, path, status, headers, body });
      if (mistakes.length > 0) throw new Error(`${method} ${path} ${status}: ${mistakes.join('\n')}`);
      return JSON.parse(body) as Body;
    },
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const exited = once(child, 'exit');
      child.kill(signal);
      const [code] = (await exited) as [number | null];
      return code;
    },
  };
}

function untilReady(child: ChildProcess, log: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`exited with ${code} before it was ready:\n${log.join('\n')}`)),
    );
    void (async () => {
      for await (const line of readLines(child.stderr as AsyncIterable<Buffer>, 1_000_000)) {
        const text = line.toString();
        log.push(text);
        const { msg, url = '' } = parseLogLine(text);
        if (msg === 'ready') resolve(url);
      }
    })();
  });
}

/** What cannot be parsed is a line of something else: Node's own warnings, a crash. */
function parseLogLine(text: string): { readonly msg?: string; readonly url?: string } {
  try {
    return JSON.parse(text) as { msg?: string; url?: string };
  } catch {
    return {};
  }
}

/** Waits for a condition, looking every 25 ms, and says what it waited for when it did not come. */
export async function eventually<Value>(
  what: string,
  condition: () => Promise<Value | null | false | undefined>,
  limitMs = 20_000,
): Promise<Value> {
  const deadline = Date.now() + limitMs;
  let failure: unknown = null;
  while (Date.now() < deadline) {
    try {
      const value = await condition();
      if (value !== null && value !== false && value !== undefined) return value;
    } catch (error) {
      failure = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`not within ${limitMs} ms: ${what}`, { cause: failure });
}
