/** Every path that is measured, in the order of the table. */
import type { Benchmark } from './benchmark.js';
import { CATCH_UP } from './paths/catch-up.js';

export const BENCHMARKS: readonly Benchmark[] = [CATCH_UP];
