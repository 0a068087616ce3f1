import type { Linked } from '../link/link.ts'
import type { FileInfo } from '../link/structure.ts'
import type { ReadFile } from '../read.ts'
import type { AnalysisInput, AnalysisStats, FileFacts, GraphEdge, GraphNode, Note } from '../types.ts'
import { analyserVersion } from './fingerprint.ts'
import { decodeReads, encodeReads } from './noted.ts'
import { decodeFacts, encodeFacts, type FileState, type LoadedState, saveState } from './state.ts'

/** One file of an analysis: read afresh, or known from the one before. */
export interface Entry extends FileInfo {
  size: number
  notes: Note[]
  /** What is known from before; undefined for a file that was read now. */
  kept: FileState | undefined
  facts: () => FileFacts
  passages: number
}

/** A file that was read now. Its passages have been taken away already. */
export function freshEntry({ path, size, hash, facts, notes }: ReadFile, passages: number): Entry {
  const { language, lines = 0 } = facts ?? {}
  return { path, size, hash, notes, passages, language, lines, kept: undefined, facts: () => facts as FileFacts }
}

/** A file as the state knows it. */
export function keptEntry(state: LoadedState, kept: FileState): Entry {
  const { path, size, hash, notes, language, lines, passages } = kept
  const facts = () => decodeFacts(state.body(kept))
  return { path, size, hash, notes, language, lines, passages, kept, facts }
}

/** Counts what was linked. */
export interface Counts {
  nodes: number
  edges: number
  /** Unresolved edges by the path of the file they start in. */
  unresolved: Map<string, number>
}

/** Counts nodes and edges, file by file or all at once. */
export function createCounts() {
  const counts: Counts = { nodes: 0, edges: 0, unresolved: new Map() }
  const miss = (path: string) => counts.unresolved.set(path, (counts.unresolved.get(path) ?? 0) + 1)
  return Object.assign(counts, {
    add({ nodes, edges }: { nodes: readonly GraphNode[]; edges: readonly GraphEdge[] }, path = '') {
      counts.nodes += nodes.length
      counts.edges += edges.length
      for (const { resolution } of edges) if (resolution === 'unresolved') miss(path)
    },
    addAll({ nodes, edges }: { nodes: readonly GraphNode[]; edges: readonly GraphEdge[] }) {
      const paths = new Map(nodes.map(({ id, path }) => [id, path]))
      counts.nodes += nodes.length
      counts.edges += edges.length
      for (const { from, resolution } of edges) if (resolution === 'unresolved') miss(paths.get(from) ?? '')
    },
  })
}

/** Numbers of a whole source. Nodes and edges are those that were linked: of a part where only a part was. */
export function statsOf(
  entries: readonly Entry[],
  { nodes, edges }: Counts,
  unresolved: (entry: Entry) => number,
): AnalysisStats {
  const byLanguage: Record<string, number> = {}
  const sum = (of: (entry: Entry) => number) => entries.reduce((total, entry) => total + of(entry), 0)
  for (const { language } of entries) if (language !== undefined) byLanguage[language] = (byLanguage[language] ?? 0) + 1
  return {
    files: entries.length,
    analysed: entries.filter(({ language }) => language !== undefined).length,
    lines: sum(({ lines }) => lines),
    bytes: sum(({ size }) => size),
    nodes,
    edges,
    passages: sum(({ passages }) => passages),
    unresolved: sum(unresolved),
    notes: sum(({ notes }) => notes.length),
    byLanguage,
    milliseconds: 0,
  }
}

/** What is needed to leave a state behind. */
export interface Findings {
  input: AnalysisInput
  ignored: ReadonlyMap<string, number>
  manifests: ReadonlySet<string>
  entries: readonly Entry[]
  previous: LoadedState | undefined
  linked: Linked
  unresolved: (entry: Entry) => number
  maxFileBytes: number
}

/** Leaves everything that the next analysis of the source can use again in a file. */
export function saveFindings(findings: Findings): void {
  const { input, ignored, manifests, entries, previous, linked, unresolved, maxFileBytes } = findings
  const next = input.memory?.next
  if (next === undefined) return
  const places = new Map(entries.map(({ path }, place) => [path, place]))
  const before = previous?.files.map(({ path }) => path) ?? []
  // Where only some files were linked the list of files is the same as before, and so are the places in it.
  const readsOf = ({ path, kept }: Entry) =>
    encodeReads(linked.reads.get(path) ?? decodeReads(kept?.reads ?? [], before), places)
  const files = entries.map((entry): FileState => {
    const { path, size, hash, language, lines, notes, passages } = entry
    const shown = { path, size, hash, language, lines, notes, passages }
    return {
      ...shown,
      reads: readsOf(entry),
      unresolved: unresolved(entry),
      at: 0,
      length: 0,
    }
  })
  function* bodies(): Iterable<Buffer> {
    for (const { kept, language, facts } of entries)
      yield kept && previous ? previous.body(kept) : encodeFacts(language === undefined ? undefined : facts())
  }
  const about = { revisionId: next.revisionId, name: input.name, maxFileBytes, ignored: [...ignored] }
  saveState(next.path, { version: analyserVersion(), ...about, manifests: [...manifests], files }, bodies())
}
