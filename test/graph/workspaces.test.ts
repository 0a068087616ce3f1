import t from 'tap'
import type { Files } from './tree.ts'
import { analyzeTree, edgeLines } from './tree.ts'

/** Archives of repositories with several packages, without node_modules and without anything built. */
const PNPM: Files = {
  'pnpm-workspace.yaml': "packages:\n  - 'packages/*'\n  - \"apps/**\"\n  - '!**/test/**'\n",
  'package.json': '{"name":"root","private":true}',
  'packages/core/package.json': JSON.stringify({
    name: '@x/core',
    exports: {
      '.': { types: './dist/index.d.ts', import: './dist/index.mjs', require: './dist/index.cjs' },
      './utils/*': './dist/utils/*.js',
      './feature': { import: { types: './dist/feature/index.d.mts', default: './dist/feature/index.mjs' } },
      './package.json': './package.json',
      './styles.css': './dist/styles.css',
    },
    imports: {
      '#internal/*': './dist/internal/*.js',
      '#db': { development: './src/db.dev.ts', default: './dist/db.js' },
    },
  }),
  'packages/core/src/index.ts': "import '#internal/a'\nimport '#db'\nexport * from './utils/str.js'\n",
  'packages/core/src/utils/str.ts': 'export const s = 1',
  'packages/core/src/feature/index.ts': 'export const f = 1',
  'packages/core/src/internal/a.ts': 'export const a = 1',
  'packages/core/src/db.ts': 'export {}',
  'packages/core/src/db.dev.ts': 'export {}',
  'packages/core/tsconfig.json':
    '{ "extends": "../../tsconfig.base.json", "compilerOptions": { "composite": true, "outDir": "dist", "rootDir": "src" } }',
  'tsconfig.base.json':
    '{ // base\n "compilerOptions": { "paths": { "~ui/*": ["./packages/ui/source/*"], "@/*": ["./*"], }, /* c */ }, }',
  'packages/ui/package.json': JSON.stringify({
    name: '@x/ui',
    main: 'lib/index.js',
    types: 'lib/index.d.ts',
    publishConfig: { exports: './x.js' },
  }),
  'packages/ui/source/index.tsx': "import { s } from '@x/core/utils/str'\nexport * from './button'\n",
  'packages/ui/source/button.tsx': 'export const B = 1',
  'packages/ui/tsconfig.json':
    '{ "extends": ["../../tsconfig.base.json"], "references": [{ "path": "../core" }], "compilerOptions": { "outDir": "./lib", "rootDir": "./source" } }',
  'apps/web/deep/package.json': JSON.stringify({
    name: 'web',
    dependencies: { '@x/ui': 'workspace:*', '@x/core': 'workspace:^' },
  }),
  'apps/web/deep/tsconfig.json':
    '{ "files": [], "references": [{ "path": "./tsconfig.app.json" }, { "path": "./tsconfig.node.json" }] }',
  'apps/web/deep/tsconfig.app.json':
    '{ "extends": "../../../tsconfig.base.json", "include": ["src"], "compilerOptions": { "paths": { "@app/*": ["./src/*"] } } }',
  'apps/web/deep/tsconfig.node.json': '{ "include": ["vite.config.ts"] }',
  'apps/web/deep/src/main.ts':
    "import '@x/core'\nimport '@x/core/utils/str'\nimport '@x/core/feature'\nimport '@x/ui'\nimport '@x/ui/lib/button'\nimport '@app/other'\nimport '@x/core/package.json'\nimport '@x/core/gone'\nimport 'react'\n",
  'apps/web/deep/src/other.ts': "import '~ui/button'\nexport {}",
}
const NPM: Files = {
  'package.json': JSON.stringify({ name: 'mono', workspaces: { packages: ['libs/{a,b}', 'tools/*'] } }),
  'libs/a/package.json': JSON.stringify({ name: 'a', type: 'module', exports: './build/esm/index.js' }),
  'libs/a/src/index.ts': "export { b } from 'b/sub'",
  'libs/b/package.json': JSON.stringify({
    name: 'b',
    exports: {
      './sub': { node: { import: './dist/esm/sub.js', require: './dist/cjs/sub.js' } },
      './internal/*': null,
      '.': ['./dist/esm/index.js', './dist/index.js'],
    },
  }),
  'libs/b/src/sub.ts': 'export const b = 1',
  'libs/b/src/index.ts': "import './internal/x'",
  'libs/b/src/internal/x.ts': '',
  'tools/t/package.json': JSON.stringify({
    name: 't',
    module: 'dist/t.esm.js',
    main: 'dist/index.js',
    source: 'src/entry.ts',
  }),
  'tools/t/src/entry.ts': "import 'a'; import 'b'; import 'b/internal/x'",
  'tools/u/package.json': '{"name":"u","main":"index.js"}',
  'tools/u/index.js': "require('t'); require('./lib')",
  'tools/u/lib/index.js': '',
}

const imports = async (files: Files) =>
  edgeLines(await analyzeTree(files))
    .filter((line) => line.startsWith('imports '))
    .map((line) => line.slice('imports '.length))

t.test('pnpm: exports and imports that lead to dist, paths through extends, references', async (t) => {
  t.strictSame(await imports(PNPM), [
    'apps/web/deep/src/main.ts -> apps/web/deep/src/other.ts',
    'apps/web/deep/src/main.ts -> npm:react inferred',
    'apps/web/deep/src/main.ts -> packages/core/package.json',
    'apps/web/deep/src/main.ts -> packages/core/src/feature/index.ts inferred',
    'apps/web/deep/src/main.ts -> packages/core/src/index.ts',
    'apps/web/deep/src/main.ts -> packages/core/src/utils/str.ts',
    'apps/web/deep/src/main.ts -> packages/ui/source/button.tsx',
    'apps/web/deep/src/main.ts -> packages/ui/source/index.tsx',
    'apps/web/deep/src/main.ts -> unresolved:@x/core/gone unresolved',
    'apps/web/deep/src/other.ts -> npm:~ui inferred',
    'packages/core/src/index.ts -> packages/core/src/db.ts',
    'packages/core/src/index.ts -> packages/core/src/internal/a.ts',
    'packages/core/src/index.ts -> packages/core/src/utils/str.ts',
    'packages/ui/source/index.tsx -> packages/core/src/utils/str.ts',
    'packages/ui/source/index.tsx -> packages/ui/source/button.tsx',
  ])
})

t.test(
  'npm and yarn: braces in workspaces, conditions within conditions, what a package keeps to itself',
  async (t) => {
    t.strictSame(await imports(NPM), [
      'libs/a/src/index.ts -> libs/b/src/sub.ts inferred',
      'libs/b/src/index.ts -> libs/b/src/internal/x.ts',
      'tools/t/src/entry.ts -> libs/a/src/index.ts inferred',
      'tools/t/src/entry.ts -> libs/b/src/index.ts inferred',
      'tools/t/src/entry.ts -> unresolved:b/internal/x unresolved',
      'tools/u/index.js -> tools/t/src/entry.ts',
      'tools/u/index.js -> tools/u/lib/index.js',
    ])
  },
)
