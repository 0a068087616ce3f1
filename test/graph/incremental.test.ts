import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { createDatabase, type Database } from '../../src/db/database.ts'
import { analyze, analyzeAgain } from '../../src/graph/analysis/analyze.ts'
import type { AnalysisResult, Passage, Plan } from '../../src/graph/analysis/types.ts'
import { createGraphRepository } from '../../src/graph/graph-repository.ts'
import { createMemory } from '../../src/graph/memory.ts'
import type { GraphEdge, GraphNode, GraphUpdate } from '../../src/graph/model.ts'
import { toEdge, toNode } from '../../src/graph/rows.ts'
import { updateOf } from '../../src/graph/update.ts'
import { createRevisionWriter } from '../../src/graph/writer/index.ts'
import { newId } from '../../src/lib/ids.ts'
import { testDatabase } from '../helpers/database.ts'
import { type Files, withTree } from './tree.ts'

/** What may stand in each file: small, and such that a change of one is felt by others. */
const CONTENTS: Record<string, string[]> = {
  'package.json': [
    '{"name":"app","dependencies":{"left-pad":"1"}}',
    '{"name":"app"}',
    '{"name":"other","main":"src/b.ts"}',
  ],
  'tsconfig.json': [
    '{"compilerOptions":{"paths":{"@lib/*":["./src/*"]}}}',
    '{"compilerOptions":{"baseUrl":"."}}',
    '{"compilerOptions":{"paths":{"@lib/*":["./lib/*"]}}}',
  ],
  'src/a.ts': [
    `import { b } from './b.js'\nimport { used } from '@lib/c'\nexport const a = () => b() + used()\n`,
    `// moved down\n\nimport { b } from './b.js'\nexport const a = () => b()\nexport class A { run() { return this.run() } }\n`,
    `import pad from 'left-pad'\nexport function a() { return pad('x') }\n`,
  ],
  'src/b.ts': [
    `export * from './c.js'\nexport const b = () => 1\n`,
    `export const b = () => 2\n`,
    `import { A } from './a.js'\nexport class B extends A {}\nexport function b() { return new B().run() }\n`,
    `export { used as b } from './c'\n`,
    `import { Base } from './c.js'\nclass Hidden extends Base {}\nexport default class B extends Hidden {}\nexport const b = new B()\n`,
  ],
  'src/c.ts': [
    `export const used = () => 1\n`,
    `export const used = () => 1\nexport const extra = 2\n`,
    `export * from './a'\nexport const other = 1\n`,
    'const = {{',
    `export class Base { run() { return used() } }\nexport const used = () => 1\n`,
    `class Root { run() {} }\nexport class Base extends Root {}\nexport { Base as used }\n`,
  ],
  'src/main.ts': [
    `import * as all from './b.js'\nimport { util } from './util.js'\nall.used()\nall.b()\nutil()\n`,
    `import { a } from 'app/src/a'\nimport('./util.js')\na()\n`,
    `import B, { b } from './b.js'\nnew B().run()\nb.run()\n`,
  ],
  'src/util.js': [`exports.util = () => 1\n`, `module.exports = function util() {}\n`],
  'src/util.ts': [`export const util = () => 1\n`],
  'lib/c.ts': [`export const used = () => 'lib'\n`],
  'tool/__init__.py': ['', 'from .core import run\n'],
  'tool/core.py': [
    'import os\ndef run():\n    return os.name\n',
    'class Run:\n    pass\ndef run():\n    return Run()\n',
  ],
  'native/Makefile': ['CFLAGS = -Iinc\n', 'CFLAGS = -Iother\n', 'all:\n'],
  'native/main.c': ['#include <x.h>\nint main() { return x(); }\n', '#include "x.h"\nint y() { return x(); }\n'],
  'native/inc/x.h': ['int x();\n', 'int x() { return 1; }\n'],
  'native/other/x.h': ['int x();\n'],
  'bin/tool': ["#!/usr/bin/env node\nrequire('../src/util')\n", '#!/bin/sh\nrun() { :; }\n', 'plain\n'],
  'README.md': [
    '# App\n\nCall `used()` or `A.run`, see [the source](src/a.ts) and [below](#more).\n\n## More\n\ntext\n',
    '# App\n\nSee [c](src/c.ts), `src/util.js`, [guide](docs/guide.md#install) and `src/b.ts#b().`.\n',
  ],
  'docs/guide.md': ['# Guide\n\n## Install\n\nrun\n', '# Guide\n\n## Set up\n\n[home](../README.md#app)\n'],
  'node_modules/left-pad/index.js': ['module.exports = 1\n'],
}
const PATHS = Object.keys(CONTENTS)
const START: Files = Object.fromEntries(
  PATHS.filter((path) => path !== 'src/util.ts' && path !== 'lib/c.ts').map((path) => [
    path,
    CONTENTS[path]?.[0] ?? '',
  ]),
)

type Edit =
  | { kind: 'set'; path: string; at: number }
  | { kind: 'delete'; path: string }
  | { kind: 'rename'; path: string; to: string }
const path = fc.constantFrom(...PATHS)
const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('set' as const), path, at: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rename' as const), path, to: path }) },
)

function apply(files: Files, change: Edit): Files {
  const { [change.path]: content, ...rest } = files
  if (change.kind === 'set') {
    const list = CONTENTS[change.path] as string[]
    return { ...rest, [change.path]: list[change.at % list.length] as string }
  }
  return change.kind === 'rename' && content !== undefined ? { ...rest, [change.to]: content } : rest
}

interface Canonical {
  nodes: GraphNode[]
  edges: GraphEdge[]
}
const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
/** JSONB keeps no order of keys, at any depth. */
const inOrder = (_key: string, value: unknown) =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value
/** A graph as text: the same for the same graph, whatever order it came in. */
const canonical = ({ nodes, edges }: Canonical) =>
  [...nodes]
    .sort(byId)
    .concat([...edges].sort(byId) as never)
    .map((item) => JSON.stringify(item, inOrder))
    .join('\n')

/** A client's copy of a graph that follows updates. */
function replay({ nodes, edges }: Canonical, { added, removed, changed }: GraphUpdate): Canonical {
  const follow = <T extends { id: string }>(items: T[], of: 'nodes' | 'edges') => {
    const map = new Map(items.map((item) => [item.id, item]))
    for (const id of removed[of]) map.delete(id)
    for (const item of [...added[of], ...changed[of]]) map.set(item.id, item as never)
    return [...map.values()]
  }
  return { nodes: follow(nodes, 'nodes'), edges: follow(edges, 'edges') }
}

/** A source whose revisions are analysed and stored as the job does it. */
async function sourceOf(db: Database, folder: string) {
  const [sourceId, workspaceId] = [newId(), newId()]
  await db.sql`insert into workspaces (id, name) values (${workspaceId}, 'w')`
  await db.sql`insert into sources (id, workspace_id, name) values (${sourceId}, ${workspaceId}, 'fixture')`
  const memory = createMemory(folder)
  const repository = createGraphRepository(db.sql)
  let revision = 0
  let revisionId: string | undefined

  async function collect(): Promise<Canonical> {
    const at = { sourceId, revision }
    const graph: Canonical = { nodes: [], edges: [] }
    for await (const rows of repository.allNodes(at)) graph.nodes.push(...rows.map(toNode))
    for await (const rows of repository.allEdges(at)) graph.edges.push(...rows.map(toEdge))
    return graph
  }

  return {
    sourceId,
    collect,
    async analyze(files: Files): Promise<{ update: GraphUpdate; plan: Plan; scope: AnalysisResult['scope'] }> {
      const next = newId()
      const open = await memory.open(sourceId, revisionId, next)
      let plan: Plan | undefined
      const { result, difference } = await db.transact((tx) =>
        withTree(files, async (input) => {
          const writer = createRevisionWriter(tx.sql, { sourceId, workspaceId, revision: revision + 1 })
          const onPlan = (told: Plan) => {
            plan = told
            writer.plan(told)
          }
          const { result, save } = await analyzeAgain(
            { ...input, sourceId, memory: open },
            { onPlan, onPassages: writer.passages },
          )
          save()
          writer.graph(result)
          return { result, difference: await writer.finish(result, new Map([['src/a.ts', newId()]])) }
        }),
      )
      await memory.keep(sourceId, open)
      revision++
      revisionId = next
      return { update: updateOf({ sourceId, revision }, difference), plan: plan as Plan, scope: result.scope }
    },
    /** What is stored of passages, as sorted text. */
    passages: async () => {
      const rows =
        await db.sql`select path, start_line as "startLine", end_line as "endLine", node_id as "nodeId", kind, title, text
        from passages where source_id = ${sourceId}`
      return (rows as unknown as Passage[]).map(passageText).sort()
    },
  }
}

const passageText = ({ path, startLine, endLine, nodeId, kind, title, text }: Passage) =>
  JSON.stringify([path, startLine, endLine, nodeId, kind, title, text])

const clean = (files: Files, sourceId: string) => withTree(files, (input) => analyze({ ...input, sourceId }))

t.test('after any series of edits the graph is that of a clean analysis, and updates lead there', async (t) => {
  const db = createDatabase({ url: await testDatabase(t), max: 2, onListenerError: (error) => t.fail(String(error)) })
  const folder = mkdtempSync(join(tmpdir(), 'parley-memory-'))
  t.teardown(async () => {
    await db.close()
    rmSync(folder, { recursive: true, force: true })
  })
  let partial = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(edit, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 6 }),
      async (steps) => {
        const source = await sourceOf(db, folder)
        let files = START
        await source.analyze(files)
        let copy = await source.collect()
        for (const edits of steps) {
          files = edits.reduce(apply, files)
          const { update, scope } = await source.analyze(files)
          if (scope !== undefined) partial++
          const now = await source.collect()
          const wanted = await clean(files, source.sourceId)
          if (canonical(now) !== canonical(wanted)) {
            t.strictSame(canonical(now).split('\n'), canonical(wanted).split('\n'), JSON.stringify(steps))
            return false
          }
          // One that stands twice is stored once.
          const texts = [...new Set(wanted.passages.map(passageText))].sort()
          t.strictSame(await source.passages(), texts, `passages after ${JSON.stringify(steps)}`)
          copy = replay(copy, update)
          if (!update.complete || canonical(copy) !== canonical(now)) return false
        }
        return true
      },
    ),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 25), endOnFailure: false },
  )
  t.ok(partial > 0, `${partial} revisions were linked in part only`)
})

t.test('a file that could not be read, and then can, is felt by whoever imports it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-memory-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const others = Object.fromEntries(
    Array.from({ length: 8 }, (_, at) => [`other${at}.ts`, `export const o${at} = 1\n`]),
  )
  const files: Files = { 'a.ts': "import { b } from './b'\nb()\n", 'b.ts': 'export const b = () => 1\n', ...others }
  const memory = (revisionId: string) => ({ path: join(folder, revisionId), revisionId })
  await withTree(files, async (input) => {
    const place = join(input.root, 'b.ts')
    rmSync(place)
    const first = await analyzeAgain({ ...input, memory: { next: memory('1') } })
    writeFileSync(place, files['b.ts'] as string)
    first.save()
    t.match(first.result.notes, [{ path: 'b.ts', code: 'unreadable' }])
    const again = { previous: memory('1'), next: memory('2') }
    const second = await analyzeAgain({ ...input, memory: again })
    t.strictSame(second.result.scope, ['b.ts', 'a.ts'], 'a part of it, with whoever looked at the file')
    const wanted = await analyze(input)
    const own = new Set(wanted.nodes.filter(({ path }) => ['a.ts', 'b.ts'].includes(path)).map(({ id }) => id))
    t.strictSame(
      second.result.nodes,
      wanted.nodes.filter(({ id }) => own.has(id)),
    )
    t.strictSame(
      second.result.edges,
      wanted.edges.filter(({ from }) => own.has(from)),
    )
    t.strictSame(second.result.notes, [])
  })
})

t.test('what is read and linked again', async (t) => {
  const db = createDatabase({ url: await testDatabase(t), max: 2, onListenerError: (error) => t.fail(String(error)) })
  const folder = mkdtempSync(join(tmpdir(), 'parley-memory-'))
  t.teardown(async () => {
    await db.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const source = await sourceOf(db, folder)
  t.match(await source.analyze(START), { plan: { fresh: true }, scope: undefined })
  t.match(await source.analyze(START), { plan: { fresh: false, changed: [], gone: [] }, scope: [] }, 'nothing changed')
  const inside: Files = { ...START, 'src/b.ts': `export * from './c.js'\n\n\nexport const b = () => 3\n` }
  const body = await source.analyze(inside)
  t.strictSame([body.plan.changed, body.scope], [['src/b.ts'], ['src/b.ts']], 'a body is the business of its file')
  const more: Files = { ...inside, 'src/c.ts': `export const used = () => 1\nexport const extra = 2\n` }
  const shown = await source.analyze(more)
  t.strictSame(
    [shown.plan.changed, shown.scope],
    [['src/c.ts'], ['src/c.ts', 'README.md']],
    'a name that only documents look for',
  )
  const other: Files = { ...more, 'src/c.ts': `export class used {}\nexport const extra = 2\n` }
  const felt = await source.analyze(other)
  t.ok(felt.scope?.includes('src/main.ts'), 'whoever looks at a name is linked again')
  t.notOk(felt.scope?.includes('tool/core.py'))
  const { 'src/util.js': _gone, ...rest } = other
  const replaced = await source.analyze({ ...rest, 'src/util.ts': 'export const util = () => 1\n' })
  t.match(replaced, { plan: { changed: ['src/util.ts'], gone: ['src/util.js'] }, scope: undefined })
  const edges = (await source.collect()).edges
  const nodes = new Map((await source.collect()).nodes.map((node) => [node.id, node.key]))
  t.ok(
    edges.some(
      ({ kind, from, to }) =>
        kind === 'imports' && nodes.get(from) === 'src/main.ts' && nodes.get(to) === 'src/util.ts',
    ),
    'util.js is written for util.ts now',
  )
})

t.test('what was analysed goes with its source', async (t) => {
  const db = createDatabase({ url: await testDatabase(t), max: 2, onListenerError: (error) => t.fail(String(error)) })
  const folder = mkdtempSync(join(tmpdir(), 'parley-memory-'))
  t.teardown(async () => {
    await db.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const [going, staying] = [await sourceOf(db, folder), await sourceOf(db, folder)]
  for (const source of [going, staying]) await source.analyze(START)
  const rowsOf = async (sourceId: string) => {
    const counts: Record<string, number> = {}
    for (const table of ['graph_nodes', 'graph_edges', 'passages', 'source_files']) {
      const [row] = await db.sql`select count(*)::int as n from ${db.sql(table)} where source_id = ${sourceId}`
      counts[table] = row?.n
    }
    return counts
  }
  const before = await rowsOf(staying.sourceId)
  t.ok(
    Object.values(before).every((count) => count > 0),
    JSON.stringify(before),
  )
  await db.sql`delete from workspaces where id = (select workspace_id from sources where id = ${going.sourceId})`
  t.strictSame(await rowsOf(going.sourceId), { graph_nodes: 0, graph_edges: 0, passages: 0, source_files: 0 })
  t.strictSame(await rowsOf(staying.sourceId), before)
})
