/** Results as people read them, on a terminal and in docs/performance.md. */
import { isReached, type Result, type Target } from '../benchmark.js';
import type { Summary } from './statistics.js';

const HEADINGS = ['path', 'unit', 'measured', 'floor', 'ratio', 'spread', 'target', ''];

/** A Markdown table, its columns aligned. */
export function tableOf(results: readonly Result[]): string {
  const rows = [HEADINGS, ...results.map(rowOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length), 3));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(HEADINGS), rule, ...rows.slice(1).map(line)].join('\n');
}

function rowOf(result: Result): readonly string[] {
  const { path, unit, subject, floor, ratio, target } = result;
  return [
    path,
    unit,
    figure(subject.median),
    floor === null ? '' : figure(floor.median),
    ratio === null ? '' : ratioOf(ratio.median, target),
    spreadOf(ratio ?? subject, (value) => (ratio === null ? figure(value) : ratioOf(value, target))),
    target === null ? '' : describeTarget(target, unit),
    target === null ? '' : isReached(result) ? 'pass' : 'below',
  ];
}

function describeTarget(target: Target, unit: string): string {
  if ('subjectAtMost' in target) return `≤ ${figure(target.subjectAtMost)} ${unit}`;
  if ('aboveFloorAtMost' in target) return `floor + ${figure(target.aboveFloorAtMost)} ${unit}`;
  return 'atLeast' in target ? `≥ ${ratioOf(target.atLeast, target)}` : `≤ ${ratioOf(target.atMost, target)}`;
}

/** What is to be as near to its floor as can be is a share of it, what costs more than its floor a multiple. */
function ratioOf(ratio: number, target: Target | null): string {
  return target !== null && 'atMost' in target ? `${ratio.toFixed(2)} ×` : `${Math.round(ratio * 100)} %`;
}

function spreadOf({ min, max, values }: Summary, format: (value: number) => string): string {
  return values.length < 2 ? '' : `${format(min)} – ${format(max)}`;
}

/** Three digits are what such measurements are worth. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return '?';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toPrecision(3);
}
