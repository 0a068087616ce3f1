import type { Declaration, Path } from '../scope.ts'
import { declare } from '../scope.ts'
import type { SymbolFact } from '../types.ts'
import type { PyNode } from './parse.ts'
import { field } from './parse.ts'
import type { PyWalk } from './walk.ts'
import { dotted, inPyScope, quotedPath, referPython, textOf } from './walk.ts'

/** A function or method with its decorators; `whole` is the decorated statement. */
export function visitPyFunction(walk: PyWalk, node: PyNode, whole: PyNode, decorators: string[]): void {
  const name = textOf(walk, field(node, 'name') as PyNode)
  const body = field(node, 'body')
  const inClass = walk.classScopes.has(walk.scope)
  const isStatic = decorators.includes('staticmethod') || decorators.includes('classmethod')
  const index = walk.symbols.add({
    name,
    kind: inClass ? 'method' : 'function',
    parent: walk.symbol,
    start: whole.start,
    end: node.end,
    ...(body ? { bodyStart: body.start } : {}),
    exported: !name.startsWith('_') && (walk.symbol < 0 || walk.facts.symbols[walk.symbol]?.exported === true),
    isStatic: inClass && isStatic,
    merge: true,
  })
  setDoc(walk, index, body)
  declare(walk.scope, name, 'both', { symbol: index })
  const outer = { symbol: walk.symbol, self: walk.self, names: walk.outer }
  walk.symbol = index
  walk.outer = new Set()
  const parameters = field(node, 'parameters')
  if (inClass) walk.self = selfOf(walk, outer.symbol, parameters, decorators)
  visitParameterTypes(walk, parameters)
  const returns = field(node, 'return_type')
  if (returns) walk.visit(returns)
  inPyScope(walk, 'function', () => {
    for (const parameter of parameters?.kids ?? []) declareParameter(walk, parameter)
    if (body) walk.visit(body)
  })
  walk.symbol = outer.symbol
  walk.self = outer.self
  walk.outer = outer.names
}

function selfOf(walk: PyWalk, index: number, parameters: PyNode | undefined, decorators: string[]): PyWalk['self'] {
  const first = parameters?.kids[0]
  if (decorators.includes('staticmethod') || first === undefined) return undefined
  const id = first.type === 'identifier' ? first : first.kids[0]
  if (id?.type !== 'identifier') return undefined
  return { index, isStatic: false, name: textOf(walk, id) }
}

/** Defaults and annotations are evaluated outside the function. */
function visitParameterTypes(walk: PyWalk, parameters: PyNode | undefined): void {
  for (const parameter of parameters?.kids ?? []) {
    for (const kid of parameter.kids) if (kid.field === 'type' || kid.field === 'value') walk.visit(kid)
  }
}

function declareParameter(walk: PyWalk, parameter: PyNode): void {
  const id = parameter.type === 'identifier' ? parameter : firstIdentifier(parameter)
  if (id === undefined) return
  const path = annotated(walk, field(parameter, 'type'))
  declare(walk.scope, textOf(walk, id), 'value', path ? { receiver: { ...path, instance: 'type' } } : {})
}

/** The plain name in an annotation, quoted or not. */
function annotated(walk: PyWalk, type: PyNode | undefined): Path | undefined {
  const inner = type?.kids[0]
  if (inner === undefined) return undefined
  return inner.type === 'string' ? quotedPath(walk, inner) : dotted(walk, inner)
}

function firstIdentifier(node: PyNode): PyNode | undefined {
  const named = field(node, 'name') ?? node.kids[0]
  if (named === undefined) return undefined
  return named.type === 'identifier' ? named : firstIdentifier(named)
}

/** A class with its bases and body. */
export function visitPyClass(walk: PyWalk, node: PyNode, whole: PyNode): void {
  const name = textOf(walk, field(node, 'name') as PyNode)
  const body = field(node, 'body')
  const index = walk.symbols.add({
    name,
    kind: 'class',
    parent: walk.symbol,
    start: whole.start,
    end: node.end,
    ...(body ? { bodyStart: body.start } : {}),
    exported: walk.symbol < 0 && !name.startsWith('_'),
    merge: true,
  })
  setDoc(walk, index, body)
  const outer = { symbol: walk.symbol, self: walk.self }
  walk.symbol = index
  walk.self = undefined
  for (const base of field(node, 'superclasses')?.kids ?? []) visitBase(walk, base, index)
  inPyScope(walk, 'class', () => {
    if (body) walk.visit(body)
  })
  walk.symbol = outer.symbol
  walk.self = outer.self
  declare(walk.scope, name, 'both', { symbol: index })
}

function visitBase(walk: PyWalk, base: PyNode, index: number): void {
  const named = base.type === 'subscript' ? field(base, 'value') : base
  const path = named && dotted(walk, named)
  if (path === undefined) {
    walk.visit(base)
    return
  }
  for (const kid of base.type === 'subscript' ? base.kids.filter((one) => one.field === 'subscript') : [])
    walk.visit(kid)
  const place = { startLine: walk.line(base.start), endLine: walk.line(base.end) }
  walk.scope.pending.push({
    ...path,
    space: 'value',
    found: (target) => {
      walk.facts.uses.push({ kind: 'extends', from: index, target, ...place })
      const symbol = walk.facts.symbols[index] as SymbolFact
      symbol.bases = [...(symbol.bases ?? []), target]
    },
  })
}

/** Docstring: the first statement of a body, if it is a plain string. */
function setDoc(walk: PyWalk, index: number, body: PyNode | undefined): void {
  const first = body?.kids[0]
  const string = first?.type === 'expression_statement' ? first.kids[0] : undefined
  if (string?.type !== 'string') return
  const content = string.kids.filter((kid) => kid.type === 'string_content').map((kid) => textOf(walk, kid))
  const lines = content
    .join('')
    .split('\n')
    .map((line) => line.trim())
  const doc = lines.join('\n').trim()
  const symbol = walk.facts.symbols[index] as SymbolFact
  if (doc !== '') symbol.doc = doc.length > 1000 ? `${doc.slice(0, 999)}…` : doc
}

/** Assignments: names become locals; at the top of a module the first assignment of a name is a variable. */
export function visitPyAssignment(walk: PyWalk, node: PyNode, statement: PyNode): void {
  const left = field(node, 'left')
  const right = field(node, 'right')
  const type = field(node, 'type')
  if (type) walk.visit(type)
  if (left?.type !== 'identifier') {
    if (right) walk.visit(right)
    if (left) assignTo(walk, left)
    return
  }
  const name = textOf(walk, left)
  const isTop = walk.scope.parent === undefined
  const again = walk.scope.values.has(name)
  const symbol = isTop && !again ? addVariable(walk, name, statement) : undefined
  const outer = walk.symbol
  if (symbol !== undefined) walk.symbol = symbol
  if (right) walk.visit(right)
  walk.symbol = outer
  if (walk.outer.has(name)) return
  const receiver = again ? undefined : receiverOf(walk, right, type)
  if (again) delete walk.scope.values.get(name)?.receiver
  declare(walk.scope, name, 'value', { ...(symbol === undefined ? {} : { symbol }), ...(receiver ? { receiver } : {}) })
  if (symbol !== undefined && receiver) rememberReceiver(walk, name, symbol, receiver)
}

/** What a module's variable holds, unless it is assigned again. */
function rememberReceiver(
  walk: PyWalk,
  name: string,
  index: number,
  receiver: NonNullable<Declaration['receiver']>,
): void {
  const { values } = walk.scope
  walk.scope.pending.push({
    name: receiver.name,
    members: receiver.members,
    space: 'value',
    found: (target) => {
      const symbol = walk.facts.symbols[index]
      if (symbol === undefined || values.get(name)?.receiver === undefined) return
      if (receiver.instance === 'new') symbol.instanceOf = target
      else symbol.typedAs = target
    },
  })
}

function addVariable(walk: PyWalk, name: string, statement: PyNode): number {
  const place = { start: statement.start, end: statement.end }
  return walk.symbols.add({ name, kind: 'variable', parent: -1, ...place, exported: !name.startsWith('_') })
}

function receiverOf(walk: PyWalk, right: PyNode | undefined, type: PyNode | undefined) {
  const callee = right?.type === 'call' ? field(right, 'function') : undefined
  const made = callee && dotted(walk, callee)
  if (made) return { ...made, instance: 'new' as const }
  const named = annotated(walk, type)
  return named ? { ...named, instance: 'type' as const } : undefined
}

/** Declares every name of a target (`a, (b, *c)`); attributes and subscripts are uses of their object. */
export function assignTo(walk: PyWalk, target: PyNode): void {
  if (target.type === 'identifier') {
    const name = textOf(walk, target)
    if (walk.outer.has(name)) return
    delete walk.scope.values.get(name)?.receiver
    const isTop = walk.scope.parent === undefined && !walk.scope.values.has(name) && walk.symbol < 0
    const symbol = isTop ? { symbol: addVariable(walk, name, target) } : {}
    declare(walk.scope, name, 'value', symbol)
  } else if (target.type === 'attribute' || target.type === 'subscript') walk.visit(target)
  else for (const kid of target.kids) assignTo(walk, kid)
}

/** Uses of decorators; returns their plain names. */
export function visitDecorators(walk: PyWalk, node: PyNode): string[] {
  const names: string[] = []
  for (const decorator of node.kids) {
    if (decorator.type !== 'decorator') continue
    const expression = decorator.kids[0]
    const path = expression && dotted(walk, expression)
    if (path) {
      names.push([path.name, ...path.members].join('.'))
      referPython(walk, path, 'reference', decorator)
    } else if (expression) walk.visit(expression)
  }
  return names
}
