// Imports point one way (docs/architecture.md, "Import order"):
// types, errors, random <- algorithms, guidance, verifiers, data, model, engine, runs
//   <- rollout <- eval <- hints; eval, hints, analysis <- train <- cli
//   <- serve <- cli
const BASE = '^src/(types|errors|random|sizes|config-errors)\\.ts$';
const LEAVES = ['algorithms', 'guidance', 'verifiers', 'data', 'model', 'engine', 'runs'];
const MIDDLE = ['hints', 'rollout', 'eval', 'analysis'];
const allow = (from, to) => ({
  name: `${from}-imports`,
  comment: `src/${from} may import only: base files, itself${to.length ? ', ' + to.join(', ') : ''}`,
  severity: 'error',
  from: { path: `^src/${from}/`, pathNot: '\\.(test|case)\\.ts$' },
  to: {
    path: '^src/',
    pathNot: [BASE, `^src/${from}/`, ...to.map((name) => `^src/${name}`)],
  },
});
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'base-imports-nothing',
      severity: 'error',
      from: { path: BASE },
      to: { path: '^src/', pathNot: BASE },
    },
    allow('algorithms', []),
    allow('guidance', []),
    allow('verifiers', []),
    allow('model', []),
    allow('data', ['model/']),
    allow('runs', []),
    allow('engine', ['model/']),
    {
      name: 'engines-never-import-each-other',
      severity: 'error',
      from: { path: '^src/engine/([^/]+)/' },
      to: { path: '^src/engine/([^/]+)/', pathNot: ['^src/engine/$1/', '^src/engine/conformance/'] },
    },
    ...MIDDLE.map((name) =>
      allow(name, [
        ...LEAVES.filter((leaf) => leaf !== 'engine').map((l) => `${l}/`),
        ...(name === 'rollout' ? [] : ['rollout/']),
        ...(name === 'hints' ? ['eval/'] : []),
        'engine/engine.ts',
      ]),
    ),
    allow(
      'train',
      [...LEAVES.filter((l) => l !== 'engine'), ...MIDDLE].map((l) => `${l}/`).concat('engine/engine.ts'),
    ),
    allow('serve', ['data/', 'model/', 'engine/engine.ts']),
    {
      name: 'only-the-cli-serves',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli|serve)/' },
      to: { path: '^src/serve/' },
    },
    {
      name: 'nothing-imports-the-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'source-imports-no-tests',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.(test|case)\\.ts$' },
      to: { path: '\\.(test|case)\\.ts$' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
