import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { AnalysisResult, GraphNode } from '../../src/graph/analysis/types.ts'
import { thaw } from './score.ts'
import { analyzeTree } from './tree.ts'

const FOLDER = join(import.meta.dirname, '../fixtures/oracles-compilers')

/** What the compiler of a language said about some files; see scripts/oracles/freeze-compilers.ts. Paths and names by number. */
interface Said {
  package: { name: string; version: string }
  paths: string[]
  names: string[]
  files: number[]
  /** Files (and, in Go, folders) that something is imported of; `disputed`: used without an import of its own. */
  imports: [from: number, to: number][]
  disputed: [from: number, to: number][]
  definitions: [path: number, line: number, kind: string, name: string][]
  /** `form`: by a plain or imported `name`, `new`, of the enclosing instance (`self`), of any `other` receiver. */
  calls: [path: number, line: number, from: number, toPath: number, toLine: number, to: number, form: string][]
}

const LEAST = { imports: 0.995, definitions: 0.99, callPrecision: 0.97, callRecall: 0.9 }
/** The compilers that say what every call leads to, whatever its receiver: only beside them an edge too many is one. */
const KNOWS_ALL = /^(?:go|java)-/
const CALLS = new Set(['calls', 'instantiates'])
const DEFINED = new Set(['class', 'interface', 'type', 'enum', 'function', 'method'])

function share(of: number, without: number): number {
  return of === 0 ? 1 : (of - without) / of
}

function imports({ nodes, edges }: AnalysisResult, said: Said) {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const covered = new Set(said.files.map((file) => said.paths[file]))
  const named = (list: [number, number][]) =>
    new Set(list.map(([from, to]) => `${said.paths[from]} -> ${said.paths[to]}`))
  const hasFolders = said.paths.some((path) => path.endsWith('/'))
  const isPlace = ({ kind, key }: GraphNode) => kind === 'file' || (hasFolders && (kind === 'folder' || key === '.'))
  const ours = new Set<string>()
  for (const { kind, from, to } of edges) {
    const [source, target] = [byId.get(from) as GraphNode, byId.get(to) as GraphNode]
    if (kind === 'imports' && covered.has(source.key) && isPlace(target))
      ours.add(`${source.key} -> ${target.key === '.' ? '/' : target.key}`)
  }
  const [right, disputed] = [named(said.imports), named(said.disputed)]
  const lost = [...right].filter((edge) => !ours.has(edge))
  const claimed = [...ours].filter((edge) => !disputed.has(edge))
  const wrong = claimed.filter((edge) => !right.has(edge))
  return {
    total: right.size,
    precision: share(claimed.length, wrong.length),
    recall: share(right.size, lost.length),
    lost,
    wrong,
  }
}

function definitions({ nodes }: AnalysisResult, said: Said) {
  const ours = nodes.filter(
    ({ kind, path }) => DEFINED.has(kind) && said.files.some((file) => said.paths[file] === path),
  )
  const lost = said.definitions.filter(
    ([path, line, kind, name]) =>
      !ours.some(
        (node) =>
          node.path === said.paths[path] &&
          node.name === name &&
          node.kind === kind &&
          line >= (node.startLine ?? 0) &&
          line <= (node.endLine ?? 0),
      ),
  )
  const known = new Set(said.definitions.map(([path, , , name]) => `${said.paths[path]} ${name}`))
  const wrong = ours.filter(({ path, name }) => !known.has(`${path} ${name}`)).map(({ key }) => key)
  const { length: total } = said.definitions
  return { total, precision: share(ours.length, wrong.length), recall: share(total, lost.length), lost, wrong }
}

/** Recall of names, `new` and the enclosing instance; precision of all that call themselves exact. */
function calls({ nodes, edges }: AnalysisResult, said: Said) {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const covered = new Set(said.files.map((file) => said.paths[file]))
  const callers = new Map<string, GraphNode[]>()
  const exact: { text: string; path: string; to: GraphNode; start: number; end: number }[] = []
  for (const { kind, from, to, resolution, startLine = 0, endLine = 0 } of edges) {
    const [caller, target] = [byId.get(from) as GraphNode, byId.get(to) as GraphNode]
    if (!CALLS.has(kind) || !covered.has(caller.path) || target.path === '' || target.kind === 'unresolved') continue
    const key = `${caller.path} -> ${target.path} ${target.name}`
    callers.set(key, [...(callers.get(key) ?? []), caller])
    const text = `${caller.key}:${startLine} -> ${target.key}`
    if (resolution === 'exact') exact.push({ text, path: caller.path, to: target, start: startLine, end: endLine })
  }
  const known = new Map<string, Said['calls']>()
  const wanted = new Set<string>()
  const lost = new Set<string>()
  for (const call of said.calls) {
    const [path, line, from, toPath, , to, form] = call
    const between = `${said.paths[path]} -> ${said.paths[toPath]}`
    known.set(between, [...(known.get(between) ?? []), call])
    if (form === 'other') continue
    const text = `${said.paths[path]}#${said.names[from]} -> ${said.paths[toPath]} ${said.names[to]}`
    wanted.add(text)
    const found = callers.get(`${between} ${said.names[to]}`) ?? []
    if (!found.some(({ startLine = 1, endLine = 1e9 }) => line >= startLine && line <= endLine)) lost.add(text)
  }
  const wrong = exact.filter(
    ({ path, to, start, end }) =>
      !known
        .get(`${path} -> ${to.path}`)
        ?.some(([, line, , , , name]) => line >= start && line <= end && said.names[name] === to.name),
  )
  return {
    total: wanted.size,
    precision: share(exact.length, wrong.length),
    recall: share(wanted.size, lost.size),
    lost: [...lost],
    wrong: wrong.map(({ text }) => text),
  }
}

for (const archive of readdirSync(FOLDER).filter((name) => name.endsWith('.tar.br'))) {
  t.test(archive, async (t) => {
    const { files, text } = await thaw(join(FOLDER, archive))
    const said = JSON.parse(text) as Said
    const result = await analyzeTree(files)
    const all = KNOWS_ALL.test(archive)
    const goals = [
      ['imports', imports(result, said), LEAST.imports, LEAST.imports],
      [
        'definitions',
        definitions(result, said),
        said.definitions.length > 0 ? LEAST.definitions : 0,
        LEAST.definitions,
      ],
      ['calls', calls(result, said), all ? LEAST.callPrecision : 0, LEAST.callRecall],
    ] as const
    for (const [what, { total, precision, recall, lost, wrong }, leastPrecision, leastRecall] of goals) {
      // rustc says nothing of definitions here.
      if (what === 'definitions' && total === 0) continue
      const figures = `${what} of ${total}: precision ${precision.toFixed(4)}, recall ${recall.toFixed(4)}`
      t.comment(`${said.package.name} ${said.package.version} ${figures}`)
      t.ok(total > 15, 'the oracle knows something')
      t.ok(precision >= leastPrecision, figures, { wrong: wrong.slice(0, 20) })
      t.ok(recall >= leastRecall, figures, { lost: lost.slice(0, 20) })
    }
  })
}
