import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { checkImports } from '../../scripts/test/checks.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** From, what it imports, and the rules that this breaks. Type imports break them as well. */
const forbidden: [string, string, string[]][] = [
  ['src/lib/ids.ts', "import '../contracts/a.ts'", ['lib-is-alone']],
  ['src/contracts/b.ts', "import '../db/client.ts'", ['contracts-and-config']],
  ['src/contracts/c.ts', "import 'fastify-plugin'", ['contracts-without-libraries']],
  ['src/db/rows.ts', "import type { M } from '../messages/model.ts'", ['db-and-adapters']],
  ['src/adapters/cache/x.ts', "import '../../../plugins/one.ts'", ['db-and-adapters']],
  ['src/messages/service.ts', "import '../uploads/model.ts'", ['feature-is-alone']],
  ['src/messages/cache.ts', "import '../adapters/a.ts'", ['feature-is-alone']],
  ['src/messages/web.ts', "import 'fastify'", ['feature-without-fastify']],
  ['plugins/two.ts', "import './one.ts'", ['plugin-is-wiring']],
  ['routes/messages.ts', "import '../src/messages/service2.ts'", ['route-is-thin']],
  ['routes/uploads.ts', "import './other.ts'", ['route-is-thin']],
  ['src/messages/top.ts', "import '../app.ts'", ['feature-is-alone', 'nobody-imports-the-entries']],
  ['sdk/client.ts', "import type { M } from '../src/messages/model.ts'", ['public-surface-only', 'sdk-is-alone']],
  ['src/messages/testing.ts', "import 'tap'", ['production-dependencies']],
  ['src/messages/lost.ts', "import './nowhere.ts'", ['resolvable']],
]

const allowed: [string, string][] = [
  ['src/contracts/a.ts', "import Type from 'typebox'\nimport '../lib/none.ts'\nexport default Type"],
  ['src/lib/none.ts', 'export {}'],
  ['src/db/client.ts', "import '../contracts/a.ts'"],
  ['src/adapters/a.ts', "import '../db/client.ts'"],
  ['src/messages/model.ts', 'export type M = 1'],
  ['src/messages/service2.ts', "import './model.ts'\nimport '../contracts/a.ts'\nimport type {} from 'fastify'"],
  ['src/uploads/model.ts', 'export {}'],
  ['plugins/one.ts', "import '../src/messages/service2.ts'\nimport '../src/adapters/a.ts'\nimport 'fastify'"],
  ['routes/other.ts', "import '../src/messages/model.ts'\nimport '../src/contracts/a.ts'"],
  ['src/app.ts', "import '../plugins/one.ts'\nimport '../routes/other.ts'"],
]

function project(t: Test, files: [string, string][]): string {
  const dir = mkdtempSync(join(tmpdir(), 'parley-imports-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  for (const name of ['node_modules', 'package.json', 'tsconfig.json']) symlinkSync(join(root, name), join(dir, name))
  for (const [path, text] of files) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), `${text}\n`)
  }
  return dir
}
t.test('every rule catches what it is there for, and nothing else', async (t) => {
  const dir = project(t, [...allowed, ...forbidden.map(([path, text]): [string, string] => [path, text])])
  const { ok, output } = await checkImports(root, dir)
  t.equal(ok, false)
  const found = new Map<string, string[]>()
  for (const line of output.split('\n')) {
    const [, rule = '', from = ''] = /^(\S+): (\S+) ->/.exec(line) ?? []
    found.set(from, [...(found.get(from) ?? []), rule].sort())
  }
  for (const [path, text, rules] of forbidden) t.same(found.get(path), rules, `${path}: ${text}`)
  for (const [path] of allowed) t.equal(found.get(path), undefined, `${path} is fine`)
})

t.test('a cycle, and a run that saw nothing', async (t) => {
  const circle = project(t, [
    ['src/lib/a.ts', "import './b.ts'"],
    ['src/lib/b.ts', "import './a.ts'"],
  ])
  t.match((await checkImports(root, circle)).output, /no-circular: src\/lib\/a.ts -> src\/lib\/b.ts/)
  const empty = project(t, [
    ['src/readme.md', 'nothing'],
    ['scripts/a.ts', 'export {}'],
  ])
  t.match(await checkImports(root, empty), { ok: false, output: /no modules/ })
})
