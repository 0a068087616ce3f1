import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sql } from 'postgres'
import t, { type Test } from 'tap'
import type { FoundPassage } from '../../src/contracts/retrieval.ts'
import { createDatabase, type Database } from '../../src/db/database.ts'
import { analyzeAgain } from '../../src/graph/analysis/analyze.ts'
import { createRevisionWriter } from '../../src/graph/writer/index.ts'
import { newId } from '../../src/lib/ids.ts'
import { createRetrieval } from '../../src/retrieval/index.ts'
import { type Files, withTree } from '../graph/tree.ts'
import { testDatabase } from '../helpers/database.ts'
import { type LinkQuestion, linkQuestions, type Place } from './links.ts'

const MODULES = join(import.meta.dirname, '../../node_modules')

/** The Markdown of an installed package's documentation. */
function docsOf(name: string): Files {
  const root = join(MODULES, name, 'docs')
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.md'))
  return Object.fromEntries(paths.sort().map((path) => [`docs/${path}`, readFileSync(join(root, path), 'utf8')]))
}

/** A workspace with the analysis of some files, as the job stores it. */
async function workspaceOf(db: Database, files: Files): Promise<string> {
  const [sourceId, workspaceId] = [newId(), newId()]
  await db.sql`insert into workspaces (id, name) values (${workspaceId}, 'w')`
  await db.sql`insert into sources (id, workspace_id, name) values (${sourceId}, ${workspaceId}, 'docs')`
  await db.transact((tx) =>
    withTree(files, async (input) => {
      const writer = createRevisionWriter(tx.sql, { sourceId, workspaceId, revision: 1 })
      const listener = { onPlan: writer.plan, onPassages: writer.passages }
      const { result } = await analyzeAgain({ ...input, sourceId }, listener)
      writer.graph(result)
      await writer.finish(result, new Map())
    }),
  )
  return workspaceId
}

const open = async (t: Test) => {
  const db = createDatabase({ url: await testDatabase(t), max: 2, onListenerError: (error) => t.error(error) })
  t.teardown(() => db.close())
  return db
}

class Undo extends Error {}

/** What is found when the linking section is not there at all: neither as an answer nor as one that points to it. */
async function findWithout(db: Database, workspaceId: string, { text, from }: LinkQuestion): Promise<FoundPassage[]> {
  let found: FoundPassage[] = []
  const work = db.sql.begin(async (tx) => {
    await tx`delete from passages where workspace_id = ${workspaceId} and path = ${from.path}
      and start_line <= ${from.endLine} and end_line >= ${from.startLine}`
    const retrieval = createRetrieval(tx as unknown as Sql<{ bigint: number }>)
    found = (await retrieval.search(text, { workspaceId }, 5)).passages
    throw new Undo()
  })
  await work.catch((error: unknown) => {
    if (!(error instanceof Undo)) throw error
  })
  return found
}

const meets = (one: Place, other: Place) =>
  one.path === other.path && one.startLine <= other.endLine && other.startLine <= one.endLine

/** Least recall among the first five. Every so many questions are asked: with RETRIEVAL_ALL=1 all of them. */
const GOALS = [
  { name: 'fastify', least: 0.85, every: 5 },
  { name: 'pino', least: 0.93, every: 1 },
]

for (const { name, least, every } of GOALS) {
  t.test(`the text of a link finds the section that it leads to: ${name}`, async (t) => {
    const db = await open(t)
    const files = docsOf(name)
    const workspaceId = await workspaceOf(db, files)
    const step = process.env.RETRIEVAL_ALL === '1' ? 1 : every
    const questions = linkQuestions(files).filter((_, at) => at % step === 0)
    const missed: string[] = []
    for (const question of questions) {
      const found = await findWithout(db, workspaceId, question)
      if (!found.some((passage) => meets(passage, question.to)))
        missed.push(`${question.text} -> ${question.to.path}:${question.to.startLine}`)
    }
    const recall = 1 - missed.length / questions.length
    t.comment(`${name}: recall@5 ${recall.toFixed(4)} of ${questions.length} links`)
    t.ok(questions.length > 80, 'enough to be asked')
    t.ok(recall >= least, `recall@5 of at least ${least}`, { recall, missed })
  })
}

const SHOP: Files = {
  'docs/guide.md':
    '# Guide\n\nHow the shop works.\n\n## Payment\n\nInvoices are printed on paper.\n\n## Delivery\n\nSee [how parcels travel](routes.md#by-air) before noon.\n',
  'docs/routes.md': '# Routes\n\n## By air\n\nZeppelins, mostly.\n\n## By land\n\nCarts and mules.\n',
  'src/cart.ts': `import { createStore } from './store.js'\n\n/** Adds up what a customer takes. */\nexport function totalOf(prices: number[]) {\n  return createStore().sum(prices)\n}\n`,
  'src/store.ts': `/** Keeps numbers. */\nexport function createStore() {\n  return { sum: (all: number[]) => all.reduce((a, b) => a + b, 0) }\n}\n`,
  'test/cart.test.ts': `import { totalOf } from '../src/cart.js'\n\nexport function testTotals() {\n  totalOf([1, 2])\n}\n`,
}

t.test('what is found, and what is not', async (t) => {
  const db = await open(t)
  const workspaceId = await workspaceOf(db, SHOP)
  const other = await workspaceOf(db, { 'secret.md': '# Payment\n\nInvoices in gold.\n' })
  const { search } = createRetrieval(db.sql)
  const find = async (text: string, scope = {}) => (await search(text, { workspaceId, ...scope }, 5)).passages
  const rows: [name: string, text: string, path: string, line: number][] = [
    ['words of a text', 'are invoices printed?', 'docs/guide.md', 5],
    ['a heading', 'delivery', 'docs/guide.md', 9],
    ['a name of code', 'createStore', 'src/store.ts', 1],
    ['a part of a name', 'how is a store created', 'src/store.ts', 1],
    ['a name with a letter missing', 'createStor', 'src/store.ts', 1],
    ['code before its test', 'totalOf', 'src/cart.ts', 3],
    ['its test when that is asked for', 'test of totals', 'test/cart.test.ts', 3],
  ]
  for (const [name, text, path, startLine] of rows) t.match((await find(text))[0], { path, startLine }, name)
  const travel = await find('how parcels travel')
  t.match(travel[0], { path: 'docs/guide.md', startLine: 9 })
  t.ok(
    travel.some(({ path, startLine }) => path === 'docs/routes.md' && startLine === 3),
    'a section by what another calls it, though it holds none of the words',
  )
  const ids = travel.map(({ nodeId }) => nodeId)
  t.equal(new Set(ids).size, ids.length, 'each node once')

  t.strictSame(await find('submarines'), [], 'nothing rather than something')
  t.strictSame(await find('the'), [])
  t.strictSame((await search('payment', { workspaceId: newId() }, 5)).searched, { files: 0, uploads: 0 })
  t.match((await search('payment', { workspaceId: other }, 5)).passages, [{ path: 'secret.md' }])
  t.notOk(
    (await find('invoices')).some(({ path }) => path === 'secret.md'),
    'nothing of other workspaces',
  )
  for (const { kind } of await find('store', { kind: 'code' })) t.equal(kind, 'code')
  t.strictSame(await find('invoices', { without: ['paper'] }), [])
  t.match(await find('invoices', { phrases: ['printed on paper'] }), [{ path: 'docs/guide.md' }])
  t.strictSame(await find('invoices', { phrases: ['paper printed'] }), [])
  for (const text of ['%', '_', `' | & ! :* \\ <->`, '"', '(', 'x'.repeat(4000), '\u{1F600}', 'a\\b c:\\d'])
    t.ok(Array.isArray(await find(text)), text.slice(0, 20))
})
