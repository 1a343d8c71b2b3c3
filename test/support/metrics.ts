/** The text format of Prometheus (version 0.0.4), read strictly: what does not belong there is an error. */

export interface Metric {
  readonly help: string;
  readonly type: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metrics {
  readonly all: ReadonlyMap<string, Metric>;
  /** of the one sample with this name and these labels, whatever others it has; null: there is none */
  value(name: string, labels?: Readonly<Record<string, string>>): number | null;
}

const META = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/;
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/y;
const SUFFIXES: Readonly<Record<string, RegExp>> = {
  histogram: /_(bucket|sum|count)$/,
  summary: /_(sum|count)$/,
};

/** @throws Error naming the line that is wrong */
export function parseMetrics(text: string): Metrics {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const all = new Map<string, { help: string; type: string; samples: Sample[] }>();
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, what, described, words = ''] = META.exec(line) ?? [];
    if (described !== undefined) {
      const metric = all.get(described) ?? { help: '', type: '', samples: [] };
      if (what === 'HELP' ? metric.help !== '' : metric.type !== '') throw new Error(`said twice: ${line}`);
      all.set(described, what === 'HELP' ? { ...metric, help: words } : { ...metric, type: words });
      continue;
    }
    const sample = parseSample(line);
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (seen.has(key)) throw new Error(`a second sample: ${line}`);
    seen.add(key);
    metricOf(all, sample.name, line).samples.push(sample);
  }
  return {
    all,
    value(name, labels = {}) {
      const found = [...all.values()]
        .flatMap(({ samples }) => samples)
        .filter((each) => each.name === name)
        .filter((each) => Object.entries(labels).every(([label, value]) => each.labels[label] === value));
      if (found.length > 1) throw new Error(`${found.length} samples of ${name}`);
      return found[0]?.value ?? null;
    },
  };
}

function parseSample(line: string): Sample {
  const [, name, inner = '', number = ''] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < inner.length; at = LABEL.lastIndex) {
    const [, label, value] = LABEL.exec(inner) ?? [];
    if (label === undefined || value === undefined) throw new Error(`no labels: ${line}`);
    if (label in labels) throw new Error(`a label twice: ${line}`);
    labels[label] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  const value = Number(number.replace(/^([+-])Inf$/, '$1Infinity'));
  if (Number.isNaN(value) && !/^nan$/i.test(number)) throw new Error(`no number: ${line}`);
  return { name, labels, value };
}

function metricOf<Described extends { readonly type: string }>(
  all: ReadonlyMap<string, Described>,
  sample: string,
  line: string,
): Described {
  const plain = all.get(sample);
  if (plain !== undefined) return plain;
  for (const [type, suffix] of Object.entries(SUFFIXES)) {
    const metric = all.get(sample.replace(suffix, ''));
    if (metric?.type === type) return metric;
  }
  throw new Error(`described nowhere: ${line}`);
}
