/**
 * The analyser's vocabulary. `FileFacts` is what one file says by itself (a pure function of its path and text, so that
 * it can be cached by content hash); the linker turns the facts of all files into nodes and edges.
 * Lines are 1-based and inclusive everywhere.
 */

/** What a node is. `unresolved` stands for something that is named in the files and cannot be found in them. */
export const NODE_KINDS = [
  'source',
  'folder',
  'file',
  'package',
  'namespace',
  'class',
  'interface',
  'type',
  'enum',
  'function',
  'method',
  'variable',
  'document',
  'section',
  'unresolved',
] as const
export type NodeKind = (typeof NODE_KINDS)[number]

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

/** Why a file was not (fully) analysed. `detail` never holds a path of this machine. */
export interface Note {
  code: 'binary' | 'too-large' | 'minified' | 'generated' | 'unparsable' | 'syntax-error' | 'unreadable' | 'ignored'
  detail: string
  line?: number
}

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
  nodes: GraphNode[]
  edges: GraphEdge[]
  passages: Passage[]
  /** Every note with the file it belongs to. */
  notes: (Note & { path: string })[]
  stats: AnalysisStats
}

/** One file to analyse; `path` is relative to the root, with forward slashes. */
export interface InputFile {
  path: string
  size: number
  /** Where it lies below the root, where that is not its path. */
  location?: string
}

export interface AnalysisInput {
  /** Id that seeds node and edge ids. */
  sourceId: string
  /** Name of the source node. */
  name: string
  /** Directory on local disk that the paths are relative to. */
  root: string
  files: InputFile[]
  /** Files above this many bytes are recorded, not analysed. @defaultValue 2 MiB */
  maxFileBytes?: number
}

export type Phase = 'read' | 'resolve' | 'link' | 'done'

export interface Progress {
  phase: Phase
  done: number
  total: number
}

/** A declaration in one file. */
export interface SymbolFact {
  name: string
  kind: NodeKind
  /** Descriptor after `path#`. */
  descriptor: string
  /** Index of the enclosing symbol in the same file, -1 at the top level. */
  parent: number
  startLine: number
  endLine: number
  exported: boolean
  isStatic?: boolean
  signature?: string
  doc?: string
  /** First line of the doc comment, where there is one. */
  docLine?: number
  /** The class this variable certainly holds an instance of (`const x = new Foo()`). */
  instanceOf?: Target
  /** The declared type of this variable. */
  typedAs?: Target
  /** Class: what it extends, in order. */
  bases?: Target[]
}

/** A module request as written. */
export interface ImportFact {
  request: string
  form: 'import' | 'require' | 'reexport' | 'reference' | 'python'
  startLine: number
  endLine: number
  typeOnly: boolean
  dynamic: boolean
  /** Python: number of leading dots. */
  level?: number
  /** Python: names of `from x import a, b`, which may be submodules. */
  names?: string[]
}

/** A local name bound to (part of) an imported module. `imported` is '*' for the whole module. */
export interface BindingFact {
  import: number
  imported: string
  typeOnly: boolean
}

/** What a use points to before linking: a local symbol, an imported binding or the enclosing instance, plus member names. */
export interface Target {
  base: 'symbol' | 'binding' | 'this' | 'static-this' | 'super' | 'static-super'
  index: number
  /** Other symbol of the same name in the type space (`const User` with `type User`). */
  typeIndex?: number
  members: string[]
  /** `onInstance` is looked up on an instance of the target: made by `new`, or of it as a declared type. */
  instance?: 'new' | 'type'
  onInstance?: string[]
  /** May as well not be there (a name that could come from a star import): then it is no unresolved one. */
  optional?: boolean
}

export interface UseFact {
  kind: 'call' | 'new' | 'reference' | 'type' | 'extends' | 'implements'
  /** Index of the enclosing symbol, -1 for the file. */
  from: number
  target: Target
  startLine: number
  endLine: number
}

export interface ExportFact {
  /** Exported name; '*' for `export *`, 'default', or 'export=' for the CommonJS module object. */
  name: string
  symbol?: number
  typeSymbol?: number
  binding?: number
  /** Re-export from this import, of `imported` ('*' is the whole module). */
  import?: number
  imported?: string
  typeOnly: boolean
  startLine: number
}

/** Markdown link or mention. */
export interface LinkFact {
  kind: 'link' | 'mention'
  /** Index of the enclosing section symbol, -1 for the document. */
  from: number
  target: string
  startLine: number
  endLine: number
}

export interface PassageFact {
  symbol: number
  startLine: number
  endLine: number
  text: string
  kind: 'doc' | 'code'
  title: string
}

/** All that one file says by itself. Plain JSON. */
export interface FileFacts {
  language: string
  lines: number
  symbols: SymbolFact[]
  imports: ImportFact[]
  bindings: BindingFact[]
  exports: ExportFact[]
  uses: UseFact[]
  links: LinkFact[]
  passages: PassageFact[]
  notes: Note[]
  /** Whether exports exist that the extractor cannot see (computed CommonJS exports and the like). */
  opaque: boolean
  /** Whether the file exports in the CommonJS way: its default import is the whole of it. */
  commonjs: boolean
  /** Extra anchors of a document: anchors with section indexes. */
  anchors?: [anchor: string, section: number][]
}

/** Facts of a file that nothing is known about but its lines. */
export function emptyFacts(language: string, lines: number): FileFacts {
  return {
    language,
    lines,
    symbols: [],
    imports: [],
    bindings: [],
    exports: [],
    uses: [],
    links: [],
    passages: [],
    notes: [],
    opaque: false,
    commonjs: false,
  }
}
