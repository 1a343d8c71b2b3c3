/**
 * Imports point one way (see CONTRIBUTING.md): the mathematics knows nothing of the world, ports know the
 * mathematics, the projector and the API know ports, and only the wiring knows every part.
 */
const only = (from, ...allowed) => ({
  name: `${from}-imports-only-${allowed.join('-and-') || 'itself'}`,
  severity: 'error',
  from: { path: `^src/${from}(/|\\.ts$)` },
  to: { path: '^src/', pathNot: [from, ...allowed].map((part) => `^src/${part}(/|\\.ts$)`) },
});

/** A package that only these parts of src may use. */
const reserved = (npmPackage, ...parts) => ({
  name: `${npmPackage.replace(/\W+/g, '-')}-only-in-${parts.join('-and-')}`,
  severity: 'error',
  from: { path: '^src/', pathNot: parts.map((part) => `^src/${part}(/|\\.ts$)`) },
  to: { path: `node_modules/${npmPackage}/` },
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
    {
      name: 'ledger-needs-no-package-but-uuid',
      severity: 'error',
      from: { path: '^src/ledger/' },
      to: { path: 'node_modules/', pathNot: 'node_modules/uuid/' },
    },
    reserved('pg', 'postgres', 'read-model', 'event-log/postgres', 'access/postgres', 'cli/demo-tamper'),
    reserved('fastify', 'http'),
    reserved('prom-client', 'http'),
    {
      name: 'typebox-for-types-only',
      comment: 'loading it takes longer than the rest of a start (src/http/json-schema.ts)',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: 'node_modules/(@fastify/type-provider-)?typebox/', dependencyTypesNot: ['type-only'] },
    },
    reserved('ajv', 'schemas', 'http'),
    reserved('commander', 'cli'),
    reserved('jose', 'access'),
    only('ledger'),
    only('postgres', 'ledger'),
    only('schemas', 'ledger'),
    only('event-log', 'ledger', 'postgres'),
    only('read-model', 'ledger', 'postgres', 'package', 'threads'),
    only('threads', 'package'),
    only('projector', 'ledger', 'schemas', 'event-log/port', 'read-model/port'),
    only('access', 'ledger', 'postgres', 'variables'),
    only('http', 'ledger', 'schemas', 'access', 'event-log/port', 'read-model/port'),
    only('client', 'ledger'),
    only('variables', 'ledger'),
    only('config', 'ledger', 'access', 'variables'),
    only('stores', 'ledger', 'postgres', 'read-model', 'config'),
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
