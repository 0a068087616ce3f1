// Which room may import what: section "What may import what" of docs/architecture.md, rule by rule.
const ours = '^(src|plugins|routes|sdk|web|bench|examples|test|scripts)/'
const entries = '^src/(app|server|cli)[.]ts$|^src/(app|process)/'
const foundation = '^src/(http|logging|health)/'
const shared = `^src/(lib|contracts|config|db|adapters)/|${foundation}`

const forbid = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to })

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    forbid('no-circular', {}, { circular: true }, 'A cycle means that two modules are one'),
    forbid('resolvable', {}, { couldNotResolve: true, pathNot: '[.]css$' }, 'Every import leads somewhere'),
    forbid(
      'lib-is-alone',
      { path: '^src/lib/' },
      { path: ours, pathNot: '^src/lib/' },
      'src/lib imports nothing of ours',
    ),
    forbid(
      'contracts-and-config',
      { path: '^src/(contracts|config)/' },
      { path: ours, pathNot: '^src/(lib|contracts|config)/' },
      'The shared vocabulary knows no implementation',
    ),
    forbid(
      'contracts-without-libraries',
      { path: '^src/contracts/' },
      { dependencyTypes: ['npm'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/typebox/' },
      'Ports and tables are plain TypeBox',
    ),
    forbid(
      'db-and-adapters',
      { path: '^src/(db|adapters)/' },
      { path: ours, pathNot: '^src/(lib|contracts|config|db|adapters)/' },
      'The lower floors know no feature, plugin or route',
    ),
    forbid(
      'foundation',
      { path: foundation },
      { path: ours, pathNot: `^src/(lib|contracts|config)/|${foundation}` },
      'What the HTTP server itself is made of knows no feature',
    ),
    forbid(
      'feature-is-alone',
      { path: '^src/([^/]+)/', pathNot: `${shared}|${entries}` },
      { path: ours, pathNot: '^src/($1|contracts|db|lib)/' },
      'A feature reaches others through what it is handed, never by import',
    ),
    forbid(
      'feature-without-fastify',
      { path: '^src/', pathNot: `${entries}|^src/http/` },
      { path: 'node_modules/(fastify|@fastify)/', dependencyTypesNot: ['type-only'] },
      'What is in src is understood without Fastify; types are fine',
    ),
    forbid(
      'plugin-is-wiring',
      { path: '^plugins/' },
      { path: `^(plugins|routes|sdk|web|bench|test|scripts)/|${entries}` },
      'Plugins meet through decorators and dependencies',
    ),
    forbid(
      'route-is-thin',
      { path: '^routes/([^/]+)' },
      { path: ours, pathNot: '^src/(contracts|lib)/|^src/[^/]+/model|^routes/$1(/|$)' },
      'A route knows models, contracts and helpers; services come by decorators',
    ),
    forbid(
      'nobody-imports-the-entries',
      { path: ours, pathNot: `^(test|scripts)/|${entries}` },
      { path: entries },
      'The composition root is the top of the house',
    ),
    forbid(
      'public-surface-only',
      { path: '^(sdk|web|bench|examples|test/acceptance)/' },
      { path: '^(src|plugins|routes)/' },
      'These talk to the server as strangers do',
    ),
    forbid('sdk-is-alone', { path: '^sdk/' }, { path: ours, pathNot: '^sdk/' }, 'The SDK is published by itself'),
    forbid(
      'web-uses-the-sdk',
      { path: '^web/' },
      { path: ours, pathNot: '^(web|sdk)/' },
      'Browser code talks through the SDK',
    ),
    forbid(
      'production-dependencies',
      { path: '^(src|plugins|routes|sdk)/' },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
      'What runs in production is a dependency',
    ),
    forbid(
      'no-tests-inside',
      { path: '^(src|plugins|routes|sdk|web)/' },
      { path: '^(test|scripts|bench)/' },
      'Code does not need its tests',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|data|docs)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.json'],
    },
  },
}
