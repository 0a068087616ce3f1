/**
 * The analyser's vocabulary. `FileFacts` is what one file says by itself (a pure function of its path and text, so that
 * it can be cached by content hash); the linker turns the facts of all files into nodes and edges.
 * Lines are 1-based and inclusive everywhere.
 */

import type { NodeKind, Note } from './kinds.ts'

export * from './facts.ts'
export * from './kinds.ts'

/** How two nodes are related; an edge reads "from KIND to". */
export const EDGE_KINDS = [
  'contains',
  'defines',
  'imports',
  'exports',
  'extends',
  'implements',
  'calls',
  'instantiates',
  'references',
  'links',
  'mentions',
] as const
export type EdgeKind = (typeof EDGE_KINDS)[number]

/** `exact`: follows from the language's rules; `inferred`: follows from a stated convention; `unresolved`: named, not found. */
export const RESOLUTIONS = ['exact', 'inferred', 'unresolved'] as const
export type Resolution = (typeof RESOLUTIONS)[number]

export interface GraphNode {
  /** Deterministic UUID of (source id, key). */
  id: string
  /** Stable, readable key: `src/a.ts#Class.method().`, `docs/a.md#section`, `npm:react`. */
  key: string
  kind: NodeKind
  name: string
  /** Path inside the source, '' where a node has none (packages, the source itself). */
  path: string
  startLine?: number
  endLine?: number
  language?: string
  exported?: boolean
  /** First line of the declaration, at most 300 characters. */
  signature?: string
  /** Doc comment, at most 1,000 characters. */
  doc?: string
  /** Lines of a file or document. */
  lines?: number
  /** SHA-256 (hex) of a file's bytes. */
  hash?: string
  /** Package: whether its sources are part of this source. */
  own?: boolean
  notes?: Note[]
}

export interface GraphEdge {
  id: string
  kind: EdgeKind
  /** Node id. */
  from: string
  /** Node id. */
  to: string
  resolution: Resolution
  typeOnly: boolean
  dynamic: boolean
  /** Place of the first occurrence in the file of `from`. */
  startLine?: number
  endLine?: number
  /** Number of occurrences. */
  count: number
  /** Exported or written name, where it differs from the target's. */
  name?: string
}

/** A piece of text that search can quote, with the exact lines it stands on. */
export interface Passage {
  path: string
  startLine: number
  endLine: number
  /** Key of the node it belongs to. */
  nodeKey: string
  nodeId: string
  text: string
  kind: 'doc' | 'code'
  /** Heading path or symbol name, for ranking and display. */
  title: string
}

export interface AnalysisStats {
  files: number
  analysed: number
  lines: number
  bytes: number
  nodes: number
  edges: number
  passages: number
  unresolved: number
  notes: number
  byLanguage: Record<string, number>
  milliseconds: number
}

export interface AnalysisResult {
  /**
   * Nodes and edges: of the whole source, or (`scope`) those of some files, with whatever outside of all files they lead to. Nodes and edges of the
   * other files are then as they were.
   */
  nodes: GraphNode[]
  edges: GraphEdge[]
  /** Paths of the files that `nodes` and `edges` are of; undefined: of everything. */
  scope: string[] | undefined
  /** Passages of the files that were read; empty where somebody takes them as they come. */
  passages: Passage[]
  /** Every note with the file it belongs to. */
  notes: (Note & { path: string })[]
  stats: AnalysisStats
}

/** One file to analyse; `path` is relative to the root, with forward slashes. */
export interface InputFile {
  path: string
  size: number
  /** Where it begins in the pack. One that is not in it cannot be read. */
  at?: number
  /** SHA-256 (hexadecimal), where that is known already. */
  hash?: string
}

export interface AnalysisInput {
  /** Id that seeds node and edge ids. */
  sourceId: string
  /** Name of the source node. */
  name: string
  /** Directory on local disk that the paths are relative to. */
  root: string
  /** Name of the file there that holds the contents of all. Without it each is a file below `root`. */
  pack?: string
  files: InputFile[]
  /** Files above this many bytes are recorded, not analysed. @defaultValue 2 MiB */
  maxFileBytes?: number
  /** Where earlier findings are kept. Without it everything is read. */
  memory?: {
    /** What the revision before left: a file, and the revision that it must be of. */
    previous?: { path: string; revisionId: string }
    /** Where to leave this one's. */
    next: { path: string; revisionId: string }
  }
}

/** Which files an analysis reads, known before it reads them. */
export interface Plan {
  /** Whether there is nothing from before: every passage is told again. */
  fresh: boolean
  /** Files that are read: their passages are told again. */
  changed: string[]
  /** Files that are no longer there. */
  gone: string[]
}

export type Phase = 'compare' | 'read' | 'link' | 'done'

export interface Progress {
  phase: Phase
  done: number
  total: number
}
