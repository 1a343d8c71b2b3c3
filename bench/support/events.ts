/** Events to measure with: the same in every run, of a size that was asked for, or real ones from a file. */
import { readFile } from 'node:fs/promises';

/** Sizes of payloads as canonical JSON, in bytes: a business event, a CloudTrail record, a large document. */
export const SIZES = { small: 300, usual: 1_300, large: 20_000 } as const;

export interface EventDraft {
  readonly source: string;
  readonly type: string;
  readonly payload: unknown;
  readonly timestamp?: string;
  readonly actor?: string;
  readonly subject?: string;
}

export interface EventMaker {
  /** Event number n (from 0), of about so many bytes of payload; the same for the same number. */
  event(n: number, size?: number): EventDraft;
}

const SOURCES = 20;
const NAMES = ['GetObject', 'PutObject', 'AssumeRole', 'DescribeInstances', 'CreateUser', 'Decrypt'];
const REGIONS = ['eu-central-1', 'eu-west-1', 'us-east-1', 'ap-southeast-2'];

/** Made ones: like an audit record of a cloud, with values that differ from event to event. */
export const MADE_EVENTS: EventMaker = {
  event(n, size = SIZES.usual) {
    const random = randomNumbers(n);
    const name = NAMES[random() % NAMES.length] ?? '';
    const actor = `user-${random() % 1_000}`;
    const payload = {
      eventVersion: '1.08',
      eventName: name,
      awsRegion: REGIONS[random() % REGIONS.length],
      sourceIPAddress: `10.${random() % 256}.${random() % 256}.${random() % 256}`,
      userIdentity: {
        type: 'IAMUser',
        userName: actor,
        accountId: String(100_000_000_000 + (random() % 50)),
      },
      requestParameters: {
        bucketName: `bucket-${random() % 500}`,
        key: `objects/${hex(random, 16)}`,
        part: n % 7,
      },
      additional: fields(random, size - 430),
      readOnly: n % 2 === 0,
    };
    return {
      source: `service-${n % SOURCES}`,
      type: `cloud.${name}`,
      actor,
      subject: `account-${random() % 5_000}`,
      timestamp: new Date(1_780_000_000_000 + n * 250 - lateness(random)).toISOString(),
      payload,
    };
  },
};

const LATE_ONE_IN = 20;
const LATE_AT_MOST_MS = 86_400_000;

/** Some events are reported long after they happened, so that times of occurrence do not rise as indexes do. */
function lateness(random: () => number): number {
  return random() % LATE_ONE_IN === 0 ? random() % LATE_AT_MOST_MS : 0;
}

/**
 * Those of a file, one event a line, again and again, each told apart by a member that is added to its payload.
 * @param path JSONL as `event-ledger import` takes it
 */
export async function eventsFrom(path: string): Promise<EventMaker> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  const events = lines.map((line) => JSON.parse(line) as EventDraft);
  return {
    event(n) {
      const { source, type, payload, timestamp, actor, subject } =
        events[n % events.length] ?? MADE_EVENTS.event(n);
      return {
        ...{ source, type, payload: withNumber(payload, n) },
        ...(timestamp === undefined ? {} : { timestamp }),
        ...(actor === undefined ? {} : { actor }),
        ...(subject === undefined ? {} : { subject }),
      };
    },
  };
}

function withNumber(payload: unknown, n: number): unknown {
  const isObject = typeof payload === 'object' && payload !== null && !Array.isArray(payload);
  return isObject ? { ...payload, benchNumber: n } : payload;
}

/** Members of some 40 bytes each, up to so many bytes. */
function fields(random: () => number, bytes: number): Record<string, string> {
  const made: Record<string, string> = {};
  for (let n = 0; n * 40 < bytes - 39; n += 1) made[`field${String(n).padStart(3, '0')}`] = hex(random, 24);
  return made;
}

function hex(random: () => number, digits: number): string {
  let text = '';
  while (text.length < digits) text += (random() >>> 0).toString(16).padStart(8, '0');
  return text.slice(0, digits);
}

/** xorshift32: the same numbers for the same seed, on every machine. */
function randomNumbers(seed: number): () => number {
  let state = (Math.imul(seed + 1, 0x9e3779b1) | 1) >>> 0;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}
