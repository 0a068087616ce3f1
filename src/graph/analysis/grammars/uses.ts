import type { Node, QueryMatch } from 'web-tree-sitter'
import { lineAt } from '../lines.ts'
import type { SymbolFact, Target, UseFact } from '../types.ts'
import type { Local, Locals } from './locals.ts'
import { readLocals, TYPES } from './locals.ts'
import type { Reading } from './reading.ts'
import { pathOf } from './reading.ts'

/** Notes what a file's code calls, makes, extends and refers to. */
export function addUses(reading: Reading): void {
  const locals = readLocals(reading)
  for (const match of reading.matches) {
    const part = (name: string) => match.captures.find((capture) => capture.name === name)?.node
    const callee = part('callee')
    const call = part('call')
    if (call && callee) addCall(reading, locals, call, callee, part('method'))
    const made = part('new')
    if (made && callee) use(reading, locals, 'new', made, pathOf(reading.spec, callee.text))
    for (const kind of ['extends', 'implements'] as const) addBase(reading, kind, match, part('of'))
    const type = part('typeref')
    if (type) use(reading, locals, 'type', type, pathOf(reading.spec, type.text))
    const named = part('ref')
    if (named) use(reading, locals, 'reference', named, pathOf(reading.spec, named.text))
  }
}

function addCall(reading: Reading, locals: Locals, call: Node, callee: Node, method: Node | undefined): void {
  const { spec } = reading
  const path = pathOf(spec, callee.text)
  if (path === undefined) return
  if (method && method.text === spec.maker) use(reading, locals, 'new', call, path)
  else use(reading, locals, 'call', call, method ? [...path, spec.plain?.(method.text) ?? method.text] : path)
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

function use(reading: Reading, locals: Locals, kind: UseFact['kind'], span: Node, path: string[] | undefined): void {
  if (path === undefined) return
  const { facts, starts, symbolAt } = reading
  const from = symbolAt(span.startIndex)
  // Names of methods are apart from those of variables (Java).
  const isApart = kind === 'call' && reading.spec.methodsApart === true && path.length === 1
  const target: Target | undefined = isApart
    ? { base: 'name', index: from, members: path }
    : targetOf(reading, locals, { from, offset: span.startIndex }, path)
  if (target === undefined) return
  const given = kind === 'call' ? reading.spec.givenArguments?.(span) : undefined
  if (given !== undefined) target.given = given
  const startLine = lineAt(starts, span.startIndex)
  facts.uses.push({
    kind,
    from,
    target,
    startLine,
    endLine: lineAt(starts, Math.max(span.startIndex, span.endIndex - 1)),
  })
}

/** Where a name stands: the symbol round it, and the offset. */
interface Place {
  from: number
  offset: number
}

function targetOf(reading: Reading, locals: Locals, place: Place, path: string[]): Target | undefined {
  const { spec } = reading
  const { from, offset } = place
  const [first, ...rest] = path as [string, ...string[]]
  if (spec.self?.includes(first)) return ofSelf(reading, locals, from, rest)
  if (spec.base?.includes(first)) {
    const { index } = classOf(reading, from)
    return index < 0 || rest.length !== 1 ? undefined : { base: 'super', index, members: rest }
  }
  const local = locals.find(from, first, offset)
  if (local === undefined) return { base: 'name', index: from, members: path }
  return rest.length > 0 ? ofInstance(reading, locals, from, local.is, rest) : undefined
}

function ofSelf(reading: Reading, locals: Locals, from: number, rest: string[]): Target | undefined {
  const { index, owner } = classOf(reading, from)
  if (rest.length === 0) return undefined
  if (index < 0) return owner ? ofInstance(reading, locals, from, { type: owner, how: 'new' }, rest) : undefined
  if (rest.length === 1) return { base: 'this', index, members: rest }
  const field = locals.field(index, rest[0] as string)
  return field && ofInstance(reading, locals, from, field, rest.slice(1))
}

/** A member of something whose type is written; one field on the way, where its class is in the same file. */
function ofInstance(
  { facts }: Reading,
  locals: Locals,
  from: number,
  local: Local,
  rest: string[],
): Target | undefined {
  if (local === undefined) return undefined
  if (rest.length === 1)
    return { base: 'name', index: from, members: local.type, instance: local.how, onInstance: rest }
  const [name] = local.type.length === 1 ? local.type : []
  const class_ = facts.symbols.findIndex((symbol) => symbol.name === name && TYPES.has(symbol.kind))
  const field = class_ < 0 ? undefined : locals.field(class_, rest[0] as string)
  if (field === undefined || rest.length !== 2) return undefined
  return { base: 'name', index: from, members: field.type, instance: 'type', onInstance: rest.slice(1) }
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
