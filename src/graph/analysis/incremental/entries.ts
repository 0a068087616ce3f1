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

/** Unresolved edges by the path of the file they start in. */
export function unresolvedByPath(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Map<string, number> {
  const paths = new Map<string, string>()
  const counts = new Map<string, number>()
  for (const { id, path } of nodes) paths.set(id, path)
  for (const { from, resolution } of edges) {
    if (resolution !== 'unresolved') continue
    const path = paths.get(from) ?? ''
    counts.set(path, (counts.get(path) ?? 0) + 1)
  }
  return counts
}

/** Numbers of a whole source. `nodes` and `edges` are those of the result: of a part where only a part was linked. */
export function statsOf(
  entries: readonly Entry[],
  result: { nodes: readonly GraphNode[]; edges: readonly GraphEdge[] },
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
    nodes: result.nodes.length,
    edges: result.edges.length,
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
  const bodies = entries.map(({ kept, language, facts }) =>
    kept && previous ? previous.body(kept) : encodeFacts(language === undefined ? undefined : facts()),
  )
  const about = { revisionId: next.revisionId, name: input.name, maxFileBytes, ignored: [...ignored] }
  saveState(next.path, { version: analyserVersion(), ...about, manifests: [...manifests], files }, bodies)
}
