/** The golden vectors as this code computes them: written by `npm run golden`, compared by a test. */
import { readFileSync, writeFileSync } from 'node:fs';
import { canonicalJson } from '../../src/ledger/canonical-json.js';
import { chainEvents, type Chained } from '../../src/ledger/chain.js';
import { contentHash, headerBytes } from '../../src/ledger/entry.js';
import { eventIdFor, NAMESPACE } from '../../src/ledger/identity.js';
import { ExportWriter } from '../../src/ledger/manifest.js';
import { treeRoot } from '../../src/ledger/merkle.js';
import { decodeMetadata, encodeMetadata } from '../../src/ledger/metadata.js';
import { entryName, nameProblem } from '../../src/ledger/name.js';
import { parseStrictJson } from '../../src/ledger/strict-json.js';
import { parseTimestamp } from '../../src/ledger/time.js';
import { NO_HASH } from '../../src/ledger/types.js';
import type { JudgedEvent } from '../../src/ledger/types.js';
import * as inputs from './inputs.js';

/** The files' texts by their names. */
export function goldenFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['values.json', pretty(values())],
    ['ledger.json', pretty(ledger())],
    ['export.jsonl', exported()],
  ]);
}

export function readGolden(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}

export function writeGolden(): void {
  for (const [name, text] of goldenFiles()) writeFileSync(new URL(name, import.meta.url), text);
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function values(): unknown {
  return {
    names: inputs.NAMES.map((name) => ({
      name,
      taken: nameProblem(name) === null,
      entryName: entryName(name),
    })),
    namespace: NAMESPACE,
    identities: inputs.IDENTITIES.map(([source, id]) => ({ source, id, eventId: eventIdFor(source, id) })),
    timestamps: inputs.TIMESTAMPS.map((timestamp) => ({ timestamp, instant: parseTimestamp(timestamp) })),
    documents: inputs.DOCUMENTS.map(document),
    metadata: [
      ...inputs.OWN_METADATA.map((own) => encodeMetadata(own).toString()),
      ...inputs.FOREIGN_METADATA,
    ].map((text) => ({ text, foreign: decodeMetadata(Buffer.from(text)) === null })),
  };
}

function document(text: string): unknown {
  const parsed = parseStrictJson(Buffer.from(text));
  if (parsed.ok) return { text, canonical: canonicalJson(parsed.value) };
  const { pointer, keyword } = parsed.problem;
  return { text, refused: parsed.kind, pointer, keyword };
}

function chained(): Chained {
  return chainEvents({ head: { size: 0, hash: NO_HASH }, sourceHeads: new Map(), judged: inputs.JUDGED });
}

/** An export of the whole ledger. */
function exported(): string {
  const { entries, head } = chained();
  const ledger = 'event-ledger.local/golden';
  const writer = new ExportWriter({ ledger, filters: {}, fromIndex: 0, toIndex: head.size, head });
  return Buffer.concat([writer.lines(entries), writer.end()]).toString();
}

function ledger(): unknown {
  const { entries, head, sourceHeads } = chained();
  const leaves = entries.map((entry) => Buffer.from(entry.hash, 'hex'));
  return {
    entries: entries.map((entry, index) => ({
      ...given(inputs.JUDGED[index]),
      content: contentHash(entry.data, entry.metadata),
      header: headerBytes(entry.header).toString(),
      hash: entry.hash,
    })),
    head,
    sourceHeads: [...sourceHeads.values()],
    roots: [...leaves, null].map((_leaf, size) => treeRoot(leaves.slice(0, size)).toString('hex')),
  };
}

/** The event as the log has it; its bytes in base64, since they may be no text. */
function given(judged: JudgedEvent | undefined): object {
  if (judged === undefined) return {};
  const { event, judgement } = judged;
  const { source, revision, id, type, loggedAt, data, metadata } = event;
  const bytes = { dataBase64: data.toString('base64'), metadataBase64: metadata.toString('base64') };
  return { event: { source, revision, id, type, loggedAt, ...bytes }, judgement };
}
