import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { analyze } from '../../src/graph/analysis/analyze.ts'
import type { AnalysisInput, AnalysisResult, GraphEdge } from '../../src/graph/analysis/types.ts'

export const SOURCE_ID = '01930000-0000-7000-8000-000000000001'

/** Files by path; a Buffer for what is no text. */
export type Files = Record<string, string | Buffer>

/** Writes a tree to a temporary directory for the time of `use`; a file that climbs out of the tree still lands within that directory. */
export async function withTree<T>(files: Files, use: (input: AnalysisInput) => Promise<T>): Promise<T> {
  const world = mkdtempSync(join(tmpdir(), 'parley-tree-'))
  const root = join(world, 'tree')
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(root, dirname(path)), { recursive: true })
      writeFileSync(join(root, path), content)
    }
    const list = Object.entries(files).map(([path, content]) => ({ path, size: Buffer.byteLength(content) }))
    return await use({ sourceId: SOURCE_ID, name: 'fixture', root, files: list })
  } finally {
    rmSync(world, { recursive: true, force: true })
  }
}

/** Analyses a tree in this thread. */
export function analyzeTree(files: Files, options: Partial<AnalysisInput> = {}): Promise<AnalysisResult> {
  return withTree(files, (input) => analyze({ ...input, ...options }))
}

/** Edges as readable lines: `calls a.ts#f(). -> b.ts#g().`, with what is not plain behind. */
export function edgeLines(result: AnalysisResult): string[] {
  const keys = new Map(result.nodes.map((node) => [node.id, node.key]))
  return result.edges.map((edge) => edgeLine(edge, keys))
}

function edgeLine(edge: GraphEdge, keys: Map<string, string>): string {
  const flags = [
    edge.resolution === 'exact' ? '' : ` ${edge.resolution}`,
    edge.typeOnly ? ' type' : '',
    edge.dynamic ? ' dynamic' : '',
    edge.name ? ` as ${edge.name}` : '',
  ]
  return `${edge.kind} ${keys.get(edge.from)} -> ${keys.get(edge.to)}${flags.join('')}`
}
