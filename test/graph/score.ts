import { createReadStream } from 'node:fs'
import { createBrotliDecompress } from 'node:zlib'
import { extract } from 'tar-stream'
import type { AnalysisResult, GraphNode } from '../../src/graph/analysis/types.ts'
import type { Files } from './tree.ts'

/** Sources of a package, and as `text` what independent tools said about them when it was frozen. */
export async function thaw(archive: string): Promise<{ files: Files; text: string }> {
  const files: Files = {}
  let text = ''
  const entries = createReadStream(archive).pipe(createBrotliDecompress()).pipe(extract())
  for await (const entry of entries) {
    const parts: Buffer[] = []
    for await (const part of entry) parts.push(part as Buffer)
    if (entry.header.name === 'oracle.json') text = Buffer.concat(parts).toString()
    else files[entry.header.name.replace(/^package\//, '')] = Buffer.concat(parts)
  }
  return { files, text }
}

/** What independent tools say about a package. */
export interface Oracle {
  package: { name: string; version: string }
  tools: Record<string, string>
  /** Edges that at least two of three tools see. */
  imports: [from: string, to: string][]
  /** Edges that one of them sees: neither right nor wrong. */
  disputed: [from: string, to: string][]
  definitions: [path: string, line: number, kind: string, name: string][]
  calls: [path: string, line: number, from: string, toPath: string, toLine: number, to: string, form: string][]
}

type Row = (string | number)[]

/** Reads an oracle as scripts/oracles/freeze.ts writes it: with numbers for paths. */
export function readOracle(text: string): Oracle {
  const frozen = JSON.parse(text) as Pick<Oracle, 'package' | 'tools'> & { paths: string[] } & Record<string, Row[]>
  const named = (rows: Row[] | undefined, columns: number[]) =>
    (rows ?? []).map((row) => row.map((value, at) => (columns.includes(at) ? frozen.paths[value as number] : value)))
  return {
    package: frozen.package,
    tools: frozen.tools,
    imports: named(frozen.imports, [0, 1]) as Oracle['imports'],
    disputed: named(frozen.disputed, [0, 1]) as Oracle['disputed'],
    definitions: named(frozen.definitions, [0]) as Oracle['definitions'],
    calls: named(frozen.calls, [0, 3]) as Oracle['calls'],
  }
}

/** What was found of what there is, and what was claimed beyond it. */
export interface Score {
  precision: number
  recall: number
  missing: string[]
  wrong: string[]
  /** Number of things the oracle knows. */
  total: number
}

function score(total: number, missing: string[], claimed: number, wrong: string[]): Score {
  return {
    precision: claimed === 0 ? 1 : (claimed - wrong.length) / claimed,
    recall: total === 0 ? 1 : (total - missing.length) / total,
    missing,
    wrong,
    total,
  }
}

function filesOf(result: AnalysisResult): Map<string, GraphNode> {
  return new Map(result.nodes.map((node) => [node.id, node]))
}

/** Import edges between files of the package. */
export function scoreImports(result: AnalysisResult, oracle: Oracle): Score {
  const nodes = filesOf(result)
  const isFile = (id: string) => nodes.get(id)?.kind === 'file'
  const code = (id: string) => /\.[cm]?[jt]sx?$|\.py$/.test(nodes.get(id)?.key ?? '')
  const ours = new Set(
    result.edges
      .filter(({ kind, from, to }) => kind === 'imports' && isFile(from) && isFile(to) && code(from) && code(to))
      .map(({ from, to }) => `${nodes.get(from)?.key} -> ${nodes.get(to)?.key}`),
  )
  const line = ([from, to]: [string, string]) => `${from} -> ${to}`
  const right = new Set(oracle.imports.map(line))
  const disputed = new Set(oracle.disputed.map(line))
  const missing = [...right].filter((edge) => !ours.has(edge))
  const claimed = [...ours].filter((edge) => !disputed.has(edge))
  return score(
    right.size,
    missing,
    claimed.length,
    claimed.filter((edge) => !right.has(edge)),
  )
}

/** Definitions by path, kind and name, whose line lies within the node's. */
export function scoreDefinitions(result: AnalysisResult, oracle: Oracle): Score {
  const ours = new Map<string, GraphNode[]>()
  for (const node of result.nodes) {
    if (!DEFINED.has(node.kind) || node.path === '') continue
    const key = `${node.path} ${node.name}`
    ours.set(key, [...(ours.get(key) ?? []), node])
  }
  const seen = new Set<string>()
  const missing: string[] = []
  for (const [path, line, kind, name] of oracle.definitions) {
    const key = `${path} ${kind} ${name}`
    if (seen.has(key)) continue
    seen.add(key)
    const found = (ours.get(`${path} ${name}`) ?? []).some(
      (node) => sameKind(node.kind, kind) && covers(node, line, kind),
    )
    if (!found) missing.push(`${path}:${line} ${kind} ${name}`)
  }
  return score(seen.size, missing, 0, [])
}

const DEFINED = new Set(['class', 'interface', 'type', 'enum', 'function', 'method', 'variable'])

function sameKind(ours: string, theirs: string): boolean {
  return ours === theirs || (theirs === 'function' && ours === 'method')
}

/** Interfaces, overloads and accessors may be declared in several places, of which the node shows the first. */
function covers(node: GraphNode, line: number, kind: string): boolean {
  if (kind === 'interface' || kind === 'method' || kind === 'function') return true
  return line >= (node.startLine ?? 0) && line <= (node.endLine ?? 0)
}

/** Declarations beside JavaScript stand for it: the compiler answers with the one, the program runs the other. */
function runs(path: string): string {
  return path.replace(/\.d\.([cm]?)ts$/, '.$1js')
}

/** Calls and instantiations: identifiers, `new` and `this.m` for recall, all forms that call themselves exact for precision. */
export function scoreCalls(result: AnalysisResult, oracle: Oracle): Score {
  const nodes = filesOf(result)
  const ours = new Map<string, [number, number][]>()
  const list: { path: string; callee: GraphNode; lines: [number, number]; text: string }[] = []
  for (const { kind, from, to, resolution, startLine = 0, endLine = 0 } of result.edges) {
    if (kind !== 'calls' && kind !== 'instantiates') continue
    const caller = nodes.get(from)
    const callee = nodes.get(to)
    if (!caller || !callee || callee.path === '' || callee.kind === 'unresolved') continue
    const target = `${caller.path} -> ${runs(callee.path)} ${callee.name}`
    ours.set(target, [...(ours.get(target) ?? []), [caller.startLine ?? 1, caller.endLine ?? 1e9]])
    const text = `${caller.key}:${startLine} -> ${callee.key}`
    if (resolution === 'exact') list.push({ path: caller.path, callee, lines: [startLine, endLine], text })
  }
  const known = new Map<string, Oracle['calls']>()
  const missing = new Set<string>()
  const wanted = new Set<string>()
  for (const call of oracle.calls) {
    const [path, line, from, toPath, , to, form] = call
    const target = `${path} -> ${runs(toPath)} ${to}`
    const between = `${path} -> ${runs(toPath)}`
    const same = known.get(between)
    if (same) same.push(call)
    else known.set(between, [call])
    if (form === 'other') continue
    const text = `${path}#${from} -> ${toPath} ${to}`
    wanted.add(text)
    if (!(ours.get(target) ?? []).some(([start, end]) => line >= start && line <= end)) missing.add(text)
  }
  const wrong = list.filter(
    ({ path, callee, lines: [first, last] }) =>
      !(known.get(`${path} -> ${runs(callee.path)}`) ?? []).some(
        ([, line, , , toLine, to]) =>
          line >= first &&
          line <= last &&
          (to === callee.name || (toLine >= (callee.startLine ?? 1) && toLine <= (callee.endLine ?? 1e9))),
      ),
  )
  return score(
    wanted.size,
    [...missing],
    list.length,
    wrong.map(({ text }) => text),
  )
}
