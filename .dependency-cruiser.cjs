/**
 * Imports point one way (see CONTRIBUTING.md): the mathematics knows nothing of the world, ports know the
 * mathematics, the projector and the API know ports, and only the wiring knows every part.
 */
const only = (from, ...allowed) => ({
  name: `${from}-imports-only-${allowed.join('-and-') || 'itself'}`,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: [from, ...allowed].map((part) => `^src/${part}(/|\\.ts$)`) },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: '\\.(test|d)\\.ts$' }, to: {} },
    { name: 'src-never-imports-tests', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
    {
      name: 'ledger-is-pure',
      comment: 'no I/O, no clock, no randomness; node:crypto for SHA-256 alone',
      severity: 'error',
      from: { path: '^src/ledger/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer)$' },
    },
    only('ledger'),
    only('postgres', 'ledger'),
    only('schemas', 'ledger'),
    only('event-log', 'ledger', 'postgres'),
    only('read-model', 'ledger', 'postgres'),
    only('projector', 'ledger', 'schemas', 'event-log/port', 'read-model/port'),
    only('http', 'ledger', 'schemas', 'event-log/port', 'read-model/port'),
    {
      name: 'event-log-adapters-are-private',
      comment: 'nothing above the port knows which event log it has',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(app\\.ts|cli/|event-log/)' },
      to: { path: '^src/event-log/', pathNot: '^src/event-log/port\\.ts$' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
