import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { AnalysisResult } from '../../src/graph/analysis/types.ts'
import { thaw } from './score.ts'
import { analyzeTree } from './tree.ts'

const FOLDER = join(import.meta.dirname, '../fixtures/oracles-languages')

/** What ctags, and gcc, javac or Ruby where they can tell, said about some files; see scripts/oracles/freeze-languages.ts. */
interface Said {
  package: { name: string; version: string }
  paths: string[]
  imports: [from: number, to: number][]
  definitions: [path: number, line: number, kind: string, name: string][]
  names: Record<string, string[]>
}

const TYPES = new Set(['class', 'interface', 'type', 'enum'])
const CALLABLES = new Set(['function', 'method'])
/** Least precision and recall. Conditions of the preprocessor hide includes from gcc, so that of those recall alone counts. */
const GOAL = 0.99
/** The grammar of shell scripts cannot read `while ((x)) && [[ y ]]`. */
const SHELL_GOAL = 0.98

/**
 * What ctags 5.9 is known to get wrong or to leave out: macros that make functions (googletest's `TEST`), members of anonymous and local classes,
 * operators of conversion; `names=(...)` in shell scripts, which it takes for functions.
 */
const BEYOND = /^(?:TEST|TEST_F|DEFINE_FLAG|operator.*|.*=)$/

function definitions(result: AnalysisResult, said: Said) {
  const ours = new Map<string, { start: number; end: number }[]>()
  const local = new Set<string>()
  const kinds = new Map(result.nodes.map(({ id, kind }) => [id, kind]))
  for (const { kind, from, to } of result.edges)
    if (kind === 'defines' && (CALLABLES.has(kinds.get(from) ?? '') || local.has(from))) local.add(to)
  const claimed: string[] = []
  const names = new Map(Object.entries(said.names).map(([path, list]) => [said.paths[Number(path)], new Set(list)]))
  for (const { id, path, kind, name, startLine = 0, endLine = 0 } of result.nodes) {
    if (!TYPES.has(kind) && !CALLABLES.has(kind)) continue
    const plain = name.replace(/^.*::/, '').replaceAll(' ', '')
    const key = `${path} ${TYPES.has(kind) ? 'class' : 'function'} ${plain}`
    ours.set(key, [...(ours.get(key) ?? []), { start: startLine, end: endLine }])
    if (!BEYOND.test(plain) && !local.has(id)) claimed.push(`${path} ${plain}`)
  }
  const wanted = said.definitions.filter(([, , , name]) => !BEYOND.test(name))
  const missing = wanted.filter(([path, line, kind, name]) => {
    // Delegates of C# are types; of names with colons ctags keeps the end.
    const found =
      ours.get(`${said.paths[path]} ${kind} ${name}`) ??
      (said.paths[path]?.endsWith('.cs') ? ours.get(`${said.paths[path]} class ${name}`) : undefined) ??
      []
    // Of what a file declares and defines the definition is the node.
    return (
      found.length === 0 || (kind === 'class' && !found.some(({ start, end }) => line >= start - 1 && line <= end + 1))
    )
  })
  const wrong = claimed.filter((one) => {
    const [path, name] = one.split(' ') as [string, string]
    return names.get(path)?.has(name) !== true
  })
  return { wanted, missing: missing.map(([path, ...rest]) => [said.paths[path], ...rest].join(' ')), claimed, wrong }
}

for (const archive of readdirSync(FOLDER).filter((name) => name.endsWith('.tar.br'))) {
  t.test(archive, async (t) => {
    const { files, text } = await thaw(join(FOLDER, archive))
    const said = JSON.parse(text) as Said
    const result = await analyzeTree(files)
    const { wanted, missing, claimed, wrong } = definitions(result, said)
    const recall = 1 - missing.length / wanted.length
    const precision = 1 - wrong.length / claimed.length
    const figures = (what: string, of: number, p: number, r: number) =>
      `${what} of ${of}: precision ${p.toFixed(4)}, recall ${r.toFixed(4)}`
    const summary = figures('definitions', wanted.length, precision, recall)
    t.comment(`${said.package.name} ${said.package.version} ${summary}`)
    t.ok(wanted.length > 20, 'the oracle knows something')
    t.ok(recall >= (archive.startsWith('shell') ? SHELL_GOAL : GOAL), summary, { missing: missing.slice(0, 20) })
    t.ok(precision >= GOAL, summary, { wrong: wrong.slice(0, 20) })
    if (said.imports.length === 0) return

    const keys = new Map(result.nodes.map(({ id, key }) => [id, key]))
    const ours = new Set(
      result.edges
        .filter(({ kind }) => kind === 'imports')
        .map(({ from, to }) => `${keys.get(from)} -> ${keys.get(to)}`),
    )
    const edges = said.imports.map(([from, to]) => `${said.paths[from]} -> ${said.paths[to]}`)
    const lost = edges.filter((edge) => !ours.has(edge))
    const found = figures('imports', edges.length, 1, 1 - lost.length / edges.length)
    t.comment(`${said.package.name} ${said.package.version} ${found}`)
    t.ok(1 - lost.length / edges.length >= GOAL, found, { lost: lost.slice(0, 20) })
  })
}
