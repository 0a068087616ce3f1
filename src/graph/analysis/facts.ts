import type { NodeKind, Note } from './kinds.ts'

/**
 * What one file says by itself: a pure function of its path and text, plain JSON, so that it can be kept by content hash. The linker turns the
 * facts of all files into nodes and edges.
 */

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
  /** Method written outside of its class (Go, Rust, C++): the class as named there. */
  owner?: string[]
  /** Says that there is such a function, without its body (C, C++). */
  isDeclaration?: boolean
  /** How many arguments it takes, where several of one name differ by that (Java, C#). */
  parameters?: [least: number, most: number]
  /** The class without a name that it is a member of: the number of that in the file. */
  anonymous?: number
}

/** A module request as written. */
export interface ImportFact {
  request: string
  form: 'import' | 'require' | 'reexport' | 'reference' | 'python' | 'module'
  startLine: number
  endLine: number
  typeOnly: boolean
  dynamic: boolean
  /** Python: number of leading dots. */
  level?: number
  /** Python: names of `from x import a, b`, which may be submodules. */
  names?: string[]
  /** Index of the symbol that it stands in, where it counts for that alone (Rust). */
  within?: number
}

/** A local name bound to (part of) an imported module. `imported` is '*' for the whole module. */
export interface BindingFact {
  import: number
  imported: string
  typeOnly: boolean
  /** Where names are looked up by the linker: the name in the file, '*' for all that the module has. */
  local?: string
}

/** What a use points to before linking: a local symbol, an imported binding or the enclosing instance, plus member names. */
export interface Target {
  /** `name` is looked up by the linker, from the symbol `index` outwards. */
  base: 'symbol' | 'binding' | 'this' | 'static-this' | 'super' | 'static-super' | 'name'
  index: number
  /** Other symbol of the same name in the type space (`const User` with `type User`). */
  typeIndex?: number
  members: string[]
  /** `onInstance` is looked up on an instance of the target: made by `new`, or of it as a declared type. */
  instance?: 'new' | 'type'
  onInstance?: string[]
  /** Call: how many arguments it gives, where that chooses among functions of one name. */
  given?: number
  /** By convention only: `this` of functions assigned to a value made elsewhere. */
  loose?: boolean
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
  /** Package or namespace that the file says it belongs to (Go, Java, PHP). */
  package?: string
  /** The condition under which it is built (Go). */
  constraint?: string
  /** What the classes without names extend (Java). */
  anonymous?: Target[]
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
