import { once } from 'node:events'
import type { AnalysisResult, GraphEdge, GraphNode } from '../../graph/analysis/types.ts'
import { FORMATS } from '../../graph/export/index.ts'
import type { Source } from '../../graph/model-sources.ts'
import { findCycles } from '../../graph/strong-components.ts'
import { DEPENDENCIES } from '../../graph/traversal.ts'
import { EXIT, OperatorError } from '../exit.ts'
import { type Command, usageError } from './command.ts'
import { analyzeDirectory, LOCAL_SOURCE, readArguments } from './local.ts'

async function* batches<T>(items: T[]): AsyncGenerator<T[]> {
  for (let at = 0; at < items.length; at += 1000) yield items.slice(at, at + 1000)
}

/** Writes the graph to standard output, waiting for whoever reads it. */
async function exportGraph({ name, nodes, edges }: AnalysisResult & { name: string }, format: string): Promise<void> {
  const chosen = FORMATS[format as keyof typeof FORMATS]
  if (chosen === undefined) throw usageError(graph, `--format is one of ${Object.keys(FORMATS).join(', ')}`)
  const source = { id: LOCAL_SOURCE, name } as Source
  for await (const text of chosen.write({ source, revision: 1, nodes: batches(nodes), edges: batches(edges) })) {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain')
  }
}

/** Circles of imports, each as the keys of its files. */
export function cyclesOf(nodes: readonly GraphNode[], edges: readonly GraphEdge[], typeOnly: boolean): string[][] {
  const files = nodes.filter(({ kind }) => kind === 'file')
  const place = new Map(files.map(({ id }, at) => [id, at]))
  const targets: number[][] = files.map(() => [])
  for (const { kind, from, to, typeOnly: isType } of edges) {
    const [a, b] = [place.get(from), place.get(to)]
    if (kind === 'imports' && a !== undefined && b !== undefined && (typeOnly || !isType)) targets[a]?.push(b)
  }
  const circles = new Map<number, string[]>()
  for (const [at, number] of findCycles(files.length, targets))
    circles.set(number, [...(circles.get(number) ?? []), (files[at] as GraphNode).key])
  return [...circles.values()]
    .map((keys) => keys.sort())
    .sort((a, b) => b.length - a.length || ((a[0] as string) < (b[0] as string) ? -1 : 1))
}

/** What depends on a node, by its distance. */
export function impactOf(id: string, edges: readonly GraphEdge[], most: number): Map<string, number> {
  const users = new Map<string, string[]>()
  for (const { kind, from, to } of edges) {
    if (!DEPENDENCIES.includes(kind)) continue
    const known = users.get(to)
    if (known) known.push(from)
    else users.set(to, [from])
  }
  const depths = new Map([[id, 0]])
  let frontier = [id]
  for (let depth = 1; depth <= most && frontier.length > 0; depth++) {
    const next: string[] = []
    for (const user of frontier.flatMap((one) => users.get(one) ?? [])) {
      if (depths.has(user)) continue
      depths.set(user, depth)
      next.push(user)
    }
    frontier = next
  }
  depths.delete(id)
  return depths
}

function printImpact(result: AnalysisResult, key: string, most: number, print: (text: string) => void): void {
  const start = result.nodes.find((node) => node.key === key)
  if (start === undefined) throw new OperatorError(`No node has the key ${key}`, EXIT.usage)
  const keys = new Map(result.nodes.map((node) => [node.id, node.key]))
  const depths = [...impactOf(start.id, result.edges, most)].map(([id, depth]) => ({ depth, key: keys.get(id) ?? id }))
  depths.sort((a, b) => a.depth - b.depth || (a.key < b.key ? -1 : 1))
  for (const one of depths) print(`${one.depth}  ${one.key}`)
}

/** `parley graph export|cycles|impact`: questions about a local directory. `cycles` fails where there are any, so that a build can rest on it. */
export const graph: Command = {
  usage:
    'graph export <directory> [--format F] | cycles <directory> [--type-only] | impact <directory> <key> [--depth N]',
  summary: 'export the graph of a local directory, find circles of imports, or what depends on a node',
  async run(args, print) {
    const { values, positionals } = readArguments(graph, args)
    const [what, directory, key] = positionals
    if (directory === undefined || !['export', 'cycles', 'impact'].includes(what as string))
      throw usageError(graph, 'Say what, and of which directory')
    if (what === 'impact' && key === undefined)
      throw usageError(graph, 'Name a node by its key, such as src/app.ts#run().')
    const depth = Number(values.depth)
    if (!Number.isInteger(depth) || depth < 1) throw usageError(graph, '--depth is a number from 1')
    const result = await analyzeDirectory(directory)
    if (what === 'export') await exportGraph(result, values.format)
    if (what === 'impact') printImpact(result, key as string, depth, print)
    if (what !== 'cycles') return EXIT.ok
    const circles = cyclesOf(result.nodes, result.edges, values['type-only'])
    for (const files of circles) print(files.join(' -> '))
    return circles.length === 0 ? EXIT.ok : EXIT.failed
  },
}
