/** Every path that is measured, in the order of the table. */
import type { Benchmark } from './benchmark.js';

export const BENCHMARKS: readonly Benchmark[] = [];
