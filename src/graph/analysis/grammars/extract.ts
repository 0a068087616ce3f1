import type { Node, QueryMatch } from 'web-tree-sitter'
import { countLines, lineAt, lineStarts } from '../lines.ts'
import type { SymbolTable } from '../symbols.ts'
import { createDocFinder, createSymbolTable } from '../symbols.ts'
import type { FileFacts, NodeKind, SymbolFact } from '../types.ts'
import { emptyFacts } from '../types.ts'
import { readComment } from './comments.ts'
import type { Grammar } from './parser.ts'
import { pathOf } from './reading.ts'
import type { Spec } from './spec.ts'
import { addUses } from './uses.ts'

const KINDS = new Set<string>(['class', 'interface', 'type', 'enum', 'namespace', 'function', 'method', 'variable'])

const CALLABLES = new Set<NodeKind>(['function', 'method'])

/** A definition before it is a symbol. */
interface Definition {
  kind: NodeKind
  name: string
  node: Node
  start: number
  end: number
  bodyStart: number | undefined
  owner: string[] | undefined
  isDeclaration: boolean
}

/** Facts of a file in a language of the shared extractor. */
export function extractWithGrammar(grammar: Grammar, spec: Spec, language: string, text: string): FileFacts {
  const starts = lineStarts(text)
  const facts = emptyFacts(language, countLines(text, starts))
  const done = grammar.matches(spec.prepare?.(text) ?? text, (matches, error) => {
    if (error !== undefined) {
      facts.notes.push({ code: 'syntax-error', detail: 'Some of it could not be read', line: lineAt(starts, error) })
    }
    readMatches(spec, text, starts, facts, matches)
    return true
  })
  if (!done) facts.notes.push({ code: 'unparsable', detail: 'Parsing took too long' })
  return facts
}

function readMatches(spec: Spec, text: string, starts: number[], facts: FileFacts, matches: QueryMatch[]): void {
  const captured = (name: string) =>
    matches.flatMap(({ captures }) => captures.filter((capture) => capture.name === name).map(({ node }) => node))
  const comments = captured('comment').map(readComment)
  comments.sort((a, b) => a.start - b.start)
  const attributes = new Map(captured('attribute').map((node) => [node.endIndex, node.startIndex]))
  const symbols = createSymbolTable(facts, text, starts, createDocFinder(text, starts, comments))
  const head = (start: number) => {
    let first =
      start -
      (/(?:^|\n)[ \t]*((?:type|var|const|template\s*<[^{};]*>)\s+)$/.exec(
        text.slice(Math.max(0, start - 300), start),
      )?.[1]?.length ?? 0)
    for (;;) {
      const before = text.slice(0, first).trimEnd().length
      const attribute = attributes.get(before)
      if (attribute === undefined) return first
      first = attribute
    }
  }
  const definitions = readDefinitions(spec, matches).map((definition) => ({
    ...definition,
    start: head(definition.start),
  }))
  const symbolAt = addSymbols(spec, text, facts, symbols, definitions)
  const [named] = captured('package')
  if (named) facts.package = named.text
  const constraint = spec.constraint?.(text)
  if (constraint !== undefined) facts.constraint = constraint
  addImports(spec, facts, starts, captured('import'), symbolAt)
  addAnonymous(spec, facts, matches, symbolAt)
  addUses({ spec, text, starts, facts, matches, symbolAt })
}

function readDefinitions(spec: Spec, matches: QueryMatch[]): Definition[] {
  const found = new Map<string, Definition>()
  for (const { captures } of matches) {
    const whole = captures.find(({ name }) => KINDS.has(name))
    const part = (wanted: string) => captures.find((capture) => capture.name === wanted)?.node
    const declarator = part('declarator')
    const declared = whole && declarator && spec.declared?.(declarator, whole.node)
    const name = part('name') ?? declared?.at
    if (whole === undefined || name === undefined) continue
    const owner = declared?.owner?.flatMap((one) => pathOf(spec, one) ?? []) ?? ownerPath(spec, part('owner'))
    const definition: Definition = {
      kind: declared?.kind ?? (whole.name as NodeKind),
      name: declared?.name.replace(/\s+/g, ' ') ?? name.text.replace(/\s+/g, ''),
      node: whole.node,
      start: whole.node.startIndex,
      end: whole.node.endIndex,
      bodyStart: part('body')?.startIndex,
      owner: owner?.length === 0 ? undefined : owner,
      isDeclaration: declared?.isDeclaration ?? part('declaration') !== undefined,
    }
    // Of several patterns that fit one definition the last one, which is the most specific.
    const at = String(name.startIndex)
    if (found.get(at)?.owner === undefined || definition.owner) found.set(at, definition)
  }
  return [...found.values()].sort((a, b) => a.start - b.start || b.end - a.end)
}

function ownerPath(spec: Spec, node: Node | undefined): string[] | undefined {
  return node && pathOf(spec, node.text)
}

function addSymbols(
  spec: Spec,
  text: string,
  facts: FileFacts,
  symbols: SymbolTable,
  definitions: Definition[],
): (offset: number) => number {
  const ranges: { start: number; end: number; index: number }[] = []
  const symbolAt = (offset: number) => {
    let best: (typeof ranges)[number] | undefined
    for (const range of ranges) {
      if (range.start > offset || range.end <= offset) continue
      if (best === undefined || range.end - range.start <= best.end - best.start) best = range
    }
    return best?.index ?? -1
  }
  const owned = definitions.filter(({ owner }) => owner)
  const outside = (definition: Definition) =>
    owned.some(({ start, end }) => start <= definition.start && definition.end <= end)
  const [first, later] = [definitions.filter((one) => !outside(one)), definitions.filter(outside)]
  // Neither a class nor a macro of the same name is what a declaration declares.
  const hasBody = ({ isDeclaration, kind }: Definition) => !isDeclaration && (kind === 'function' || kind === 'method')
  const defined = new Set(definitions.filter(hasBody).map(({ name }) => name))
  const open: typeof ranges = []
  const add = (definition: Definition, around: number) => {
    // A declaration is worth a node only where the file does not hold what it declares.
    if (definition.isDeclaration && defined.has(definition.name)) return
    const { start, end } = definition
    const range = { start, end, index: addSymbol(spec, text, facts, symbols, definition, around) }
    ranges.push(range)
    open.push(range)
  }
  for (const definition of first) {
    while (open.length > 0 && (open.at(-1) as { end: number }).end <= definition.start) open.pop()
    add(definition, open.at(-1)?.index ?? -1)
  }
  for (const definition of later) add(definition, symbolAt(definition.start))
  return indexed(ranges)
}

/** The same question over many offsets: ranges sorted once. */
function indexed(ranges: { start: number; end: number; index: number }[]): (offset: number) => number {
  const sorted = [...ranges].sort((a, b) => a.start - b.start || b.end - a.end)
  // How far anything up to here reaches: beyond that there is nothing to look for.
  let reach = 0
  const reaches = sorted.map(({ end }) => {
    reach = Math.max(reach, end)
    return reach
  })
  return (offset) => {
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle] as { start: number }).start <= offset) low = middle + 1
      else high = middle
    }
    for (let at = low - 1; at >= 0 && (reaches[at] as number) > offset; at--) {
      const range = sorted[at] as { end: number; index: number }
      if (range.end > offset) return range.index
    }
    return -1
  }
}

function addSymbol(
  spec: Spec,
  text: string,
  facts: FileFacts,
  symbols: SymbolTable,
  definition: Definition,
  around: number,
): number {
  const { name, start, end, owner, bodyStart } = definition
  const head = text.slice(definition.node.startIndex, bodyStart ?? end)
  const owning = owner === undefined ? around : ownerOf(facts, owner)
  const container = facts.symbols[owning < 0 ? around : owning]
  const isMember = container !== undefined && ['class', 'interface', 'enum'].includes(container.kind)
  const kind = definition.kind === 'function' && (isMember || owner) ? 'method' : definition.kind
  const index = symbols.add({
    name,
    kind: spec.kind?.(kind, head) ?? kind,
    parent: owning < 0 ? around : owning,
    ...(owning < 0 && owner ? { prefix: owner.join('.') } : {}),
    start,
    end,
    ...(bodyStart === undefined ? {} : { bodyStart }),
    exported:
      spec.exported(name, head) && (container === undefined || container.kind === 'namespace' || container.exported),
    isStatic: spec.isStatic?.(head) ?? false,
    merge: definition.kind === 'namespace',
  })
  const symbol = facts.symbols[index] as SymbolFact
  if (owner && owning < 0) symbol.owner = owner
  if (definition.isDeclaration) symbol.isDeclaration = true
  const taken = CALLABLES.has(symbol.kind) ? spec.takenParameters?.(definition.node) : undefined
  if (taken) symbol.parameters = taken
  return index
}

/** The type of this name in the file, wherever it stands, or -1. */
function ownerOf(facts: FileFacts, path: string[]): number {
  const name = path.at(-1)
  return facts.symbols.findIndex(
    (symbol) => symbol.name === name && ['class', 'interface', 'enum', 'type'].includes(symbol.kind),
  )
}

function addImports(
  spec: Spec,
  facts: FileFacts,
  starts: number[],
  nodes: Node[],
  symbolAt: (offset: number) => number,
): void {
  for (const node of nodes) {
    const place = {
      startLine: lineAt(starts, node.startIndex),
      endLine: lineAt(starts, Math.max(node.startIndex, node.endIndex - 1)),
    }
    const within = spec.scopedImports ? symbolAt(node.startIndex) : -1
    for (const { request, local, level, names, dynamic = false } of spec.imports?.(node) ?? []) {
      facts.imports.push({
        request,
        form: 'module',
        typeOnly: false,
        dynamic,
        ...place,
        ...(level === undefined ? {} : { level }),
        ...(names === undefined ? {} : { names }),
        ...(within < 0 ? {} : { within }),
      })
      if (local !== undefined)
        facts.bindings.push({ import: facts.imports.length - 1, imported: '*', typeOnly: false, local })
    }
  }
}

/** Classes without names: what they extend, and which symbols are members of theirs. */
function addAnonymous(
  spec: Spec,
  facts: FileFacts,
  matches: readonly QueryMatch[],
  symbolAt: (offset: number) => number,
): void {
  for (const { captures } of matches) {
    const body = captures.find(({ name }) => name === 'anonymous')?.node
    const base = captures.find(({ name }) => name === 'base')?.node
    const path = base && pathOf(spec, base.text)
    if (body === undefined || path === undefined) continue
    facts.anonymous ??= []
    const index = facts.anonymous.push({ base: 'name', index: symbolAt(body.startIndex), members: path }) - 1
    for (const member of body.namedChildren) {
      const symbol = facts.symbols[member ? symbolAt(member.startIndex) : -1]
      if (symbol && symbol.parent === facts.anonymous[index]?.index) symbol.anonymous = index
    }
  }
}
