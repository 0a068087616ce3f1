import type { Node, QueryMatch } from 'web-tree-sitter'
import { lineAt } from '../lines.ts'
import type { SymbolFact, Target, UseFact } from '../types.ts'
import type { Reading } from './reading.ts'
import { pathOf } from './reading.ts'

/** What a local name certainly is: an instance of a type, or nothing that can be followed. */
type Local = { type: string[]; how: 'new' | 'type' } | undefined

interface Scopes {
  /** Locals by symbol (-1 for the file), then by name. */
  locals: Map<number, Map<string, Local>>
}

const TYPES = new Set(['class', 'interface', 'enum'])

/** Notes what a file's code calls, makes, extends and refers to. */
export function addUses(reading: Reading): void {
  const scopes = readLocals(reading)
  for (const match of reading.matches) {
    const part = (name: string) => match.captures.find((capture) => capture.name === name)?.node
    const callee = part('callee')
    const call = part('call')
    if (call && callee) addCall(reading, scopes, call, callee, part('method'))
    const made = part('new')
    if (made && callee) use(reading, scopes, 'new', made, pathOf(reading.spec, callee.text))
    for (const kind of ['extends', 'implements'] as const) addBase(reading, kind, match, part('of'))
    const type = part('typeref')
    if (type) use(reading, scopes, 'type', type, pathOf(reading.spec, type.text))
  }
}

function readLocals({ spec, facts, matches, symbolAt }: Reading): Scopes {
  const locals: Scopes['locals'] = new Map()
  for (const { captures } of matches) {
    const local = captures.find(({ name }) => name === 'local')?.node
    if (local === undefined) continue
    const type = captures.find(({ name }) => name === 'localtype')?.node
    const made = captures.find(({ name }) => name === 'localnew')?.node
    const path = pathOf(spec, (made ?? type)?.text ?? '')
    const around = symbolAt(local.startIndex)
    const inner = facts.symbols[around]
    const owner = inner?.kind === 'variable' && inner.name === local.text ? inner.parent : around
    const names = locals.get(owner) ?? new Map<string, Local>()
    const isField = TYPES.has(facts.symbols[owner]?.kind ?? '')
    const name = isField ? local.text.replace(/^[$@]/, '') : local.text
    const known = names.get(name)
    if (known === undefined || path) names.set(name, path ? { type: path, how: made ? 'new' : 'type' } : undefined)
    locals.set(owner, names)
  }
  return { locals }
}

function addCall(reading: Reading, scopes: Scopes, call: Node, callee: Node, method: Node | undefined): void {
  const { spec } = reading
  const path = pathOf(spec, callee.text)
  if (path === undefined) return
  if (method && method.text === spec.maker) use(reading, scopes, 'new', call, path)
  else use(reading, scopes, 'call', call, method ? [...path, spec.plain?.(method.text) ?? method.text] : path)
}

/** The symbol of the class round a symbol, and the name of its owner where that is not in the file. */
function classOf({ facts }: Reading, from: number): { index: number; owner: string[] | undefined } {
  for (let at = from; at >= 0; at = (facts.symbols[at] as SymbolFact).parent) {
    const symbol = facts.symbols[at] as SymbolFact
    if (symbol.owner) return { index: -1, owner: symbol.owner }
    if (TYPES.has(symbol.kind)) return { index: at, owner: undefined }
  }
  return { index: -1, owner: undefined }
}

function use(reading: Reading, scopes: Scopes, kind: UseFact['kind'], span: Node, path: string[] | undefined): void {
  if (path === undefined) return
  const { facts, starts, symbolAt } = reading
  const from = symbolAt(span.startIndex)
  const target = targetOf(reading, scopes, from, path)
  if (target === undefined) return
  const startLine = lineAt(starts, span.startIndex)
  facts.uses.push({
    kind,
    from,
    target,
    startLine,
    endLine: lineAt(starts, Math.max(span.startIndex, span.endIndex - 1)),
  })
}

function targetOf(reading: Reading, scopes: Scopes, from: number, path: string[]): Target | undefined {
  const { spec } = reading
  const [first, ...rest] = path as [string, ...string[]]
  if (spec.self?.includes(first)) return ofSelf(reading, scopes, from, rest)
  if (spec.base?.includes(first)) {
    const { index } = classOf(reading, from)
    return index < 0 || rest.length !== 1 ? undefined : { base: 'super', index, members: rest }
  }
  const local = findLocal(reading, scopes, from, first)
  if (local === undefined) return { base: 'name', index: from, members: path }
  return rest.length > 0 ? ofInstance(reading, scopes, from, local.is, rest) : undefined
}

function ofSelf(reading: Reading, scopes: Scopes, from: number, rest: string[]): Target | undefined {
  const { index, owner } = classOf(reading, from)
  if (rest.length === 0) return undefined
  if (index < 0) return owner ? ofInstance(reading, scopes, from, { type: owner, how: 'new' }, rest) : undefined
  if (rest.length === 1) return { base: 'this', index, members: rest }
  const field = scopes.locals.get(index)?.get(rest[0] as string)
  return field && ofInstance(reading, scopes, from, field, rest.slice(1))
}

/** A member of something whose type is written; one field on the way, where its class is in the same file. */
function ofInstance(
  { facts }: Reading,
  scopes: Scopes,
  from: number,
  local: Local,
  rest: string[],
): Target | undefined {
  if (local === undefined) return undefined
  if (rest.length === 1)
    return { base: 'name', index: from, members: local.type, instance: local.how, onInstance: rest }
  const [name] = local.type.length === 1 ? local.type : []
  const class_ = facts.symbols.findIndex((symbol) => symbol.name === name && TYPES.has(symbol.kind))
  const field = class_ < 0 ? undefined : scopes.locals.get(class_)?.get(rest[0] as string)
  if (field === undefined || rest.length !== 2) return undefined
  return { base: 'name', index: from, members: field.type, instance: 'type', onInstance: rest.slice(1) }
}

/** The local of a name, from the innermost symbol outwards. */
function findLocal({ facts }: Reading, { locals }: Scopes, from: number, name: string): { is: Local } | undefined {
  for (let at = from; ; at = (facts.symbols[at] as SymbolFact).parent) {
    const names = locals.get(at)
    if (names?.has(name)) return { is: names.get(name) }
    if (at < 0) return undefined
  }
}

function addBase(
  reading: Reading,
  kind: 'extends' | 'implements',
  { captures }: QueryMatch,
  of: Node | undefined,
): void {
  const { spec, facts, starts, symbolAt } = reading
  for (const { name, node } of captures) {
    if (name !== kind) continue
    const path = pathOf(spec, node.text)
    const ofPath = of && pathOf(spec, of.text)
    const from = of
      ? facts.symbols.findIndex((symbol) => symbol.name === ofPath?.at(-1) && TYPES.has(symbol.kind))
      : symbolAt(node.startIndex)
    const symbol = facts.symbols[from]
    if (path === undefined || symbol === undefined) continue
    const target: Target = { base: 'name', index: symbol.parent, members: path }
    const line = lineAt(starts, node.startIndex)
    facts.uses.push({ kind, from, target, startLine: line, endLine: lineAt(starts, node.endIndex) })
    symbol.bases = [...(symbol.bases ?? []), target]
  }
}
