import type { Declaration } from '../scope.ts'
import { declare, functionScope } from '../scope.ts'
import type { Declared } from '../symbols.ts'
import type { Ast } from './ast.ts'
import { child, children, nameOf, unwrap } from './ast.ts'
import { isExported, takeStart, visitClass } from './classes.ts'
import { chainOf, pathOf } from './expressions.ts'
import { declareLocals, visitFunction } from './functions.ts'
import { eachBound, namedType, plainProperties } from './patterns.ts'
import { dynamicRequest, requireRequest } from './requests.ts'
import type { Handlers, Walk } from './walk.ts'
import { addBinding, addImport, inside } from './walk.ts'

/** Whether an expression is a function written in place. */
export function isFunction(node: Ast | undefined): boolean {
  return node?.type === 'ArrowFunctionExpression' || node?.type === 'FunctionExpression'
}

/** Adds a function expression as a symbol and walks it. @returns its symbol index */
export function visitNamedFunction(
  walk: Walk,
  node: Ast,
  what: Pick<Declared, 'name' | 'parent' | 'start' | 'end' | 'exported' | 'merge'> & { kind: 'function' | 'method' },
  more: { isStatic?: boolean; self?: Walk['self'] } = {},
): number {
  const body = child(node, 'body')
  const isStatic = more.isStatic ? { isStatic: true } : {}
  const index = walk.symbols.add({ ...what, ...isStatic, ...(body ? { bodyStart: body.start } : {}) })
  const own = node.type === 'ArrowFunctionExpression' ? walk.self : { index, isStatic: false }
  inside(walk, index, more.self ?? own, () => visitFunction(walk, node))
  return index
}

/** Whether an object literal holds functions under plain names, which then become methods of its variable. */
export function hasFunctions(object: Ast): boolean {
  return children(object, 'properties').some(
    (property) => property.type === 'Property' && property.computed !== true && isFunction(child(property, 'value')),
  )
}

/** Options of a Vue component whose functions are found on `this` of each other (Vue documentation, "Options API"). */
const VUE_OPTIONS = new Set(['methods', 'computed', 'watch'])

/**
 * Walks an object literal whose functions are methods of the symbol `index`; of a component those in its options too. `loose`: the symbol is not the
 * object, but what makes it.
 */
export function visitObjectMembers(walk: Walk, object: Ast, index: number, exported: boolean, loose = false): void {
  const isComponent = walk.path.includes('.vue.')
  for (const property of children(object, 'properties')) {
    const value = property.type === 'Property' ? child(property, 'value') : undefined
    const name = property.computed === true ? undefined : nameOf(child(property, 'key'))
    if (value && name !== undefined && isFunction(value)) {
      const { start, end } = property
      const what = {
        name,
        kind: 'method' as const,
        parent: index,
        start,
        end,
        exported,
        merge: property.kind !== 'init',
      }
      const by = isComponent || loose ? { index, isStatic: true, loose: true } : { index, isStatic: true }
      const self = value.type === 'FunctionExpression' ? by : undefined
      visitNamedFunction(walk, value, what, { isStatic: true, ...(self ? { self } : {}) })
    } else if (isComponent && value?.type === 'ObjectExpression' && VUE_OPTIONS.has(name ?? ''))
      visitObjectMembers(walk, value, index, exported)
    else inside(walk, index, walk.self, () => walk.visit(property))
  }
}

/** A declarator with what its statement says: `kind`, whether it is exported in place, where it starts. */
interface Statement {
  kind: string
  inExport: boolean
  start: number
}

function visitDeclarator(walk: Walk, declarator: Ast, statement: Statement): void {
  const id = child(declarator, 'id') as Ast
  const init = child(declarator, 'init')
  const { kind } = statement
  const scope = kind === 'var' ? functionScope(walk.scope) : walk.scope
  if (init && bindModule(walk, id, init, scope)) return
  if (id.type !== 'Identifier') {
    if (init) walk.visit(init)
    declarePattern(walk, id, statement, declarator.end)
    return
  }
  const type = child(id, 'typeAnnotation')
  if (type) walk.visit(type)
  const name = id.name as string
  const value = init && castless(init)
  const symbol = visitNamedValue(walk, name, value, statement, declarator.end)
  const receiver = receiverOf(kind, value, type)
  declare(scope, name, value?.type === 'ClassExpression' ? 'both' : 'value', {
    ...(symbol === undefined ? {} : { symbol }),
    ...(receiver ? { receiver } : {}),
  })
  if (symbol !== undefined && receiver) rememberReceiver(walk, symbol, receiver)
}

/** `x as const`, `x as T`: a cast does not change what is written. */
function castless(init: Ast): Ast {
  const node = unwrap(init)
  return node.type === 'TSAsExpression' ? castless(child(node, 'expression') as Ast) : node
}

/** Makes a symbol where the variable is a function, a class, an object with methods, or exported. */
function visitNamedValue(
  walk: Walk,
  name: string,
  value: Ast | undefined,
  { start, inExport }: Statement,
  end: number,
): number | undefined {
  const exported = inExport || isExported(walk, name)
  const what = { name, parent: walk.symbol, start, end, exported }
  if (value && isFunction(value)) return visitNamedFunction(walk, value, { ...what, kind: 'function' })
  if (value?.type === 'ClassExpression') return visitClass(walk, value, name, exported, start)
  const isContainer = value?.type === 'ObjectExpression' && hasFunctions(value)
  if (!exported && !isContainer) {
    if (value) walk.visit(value)
    return undefined
  }
  const index = walk.symbols.add({ ...what, kind: 'variable' })
  if (value && isContainer) visitObjectMembers(walk, value, index, exported)
  else if (value) inside(walk, index, walk.self, () => walk.visit(value))
  return index
}

function receiverOf(kind: string, value: Ast | undefined, type: Ast | undefined): Declaration['receiver'] {
  if (kind === 'const' && value?.type === 'NewExpression') {
    const path = pathOf(child(value, 'callee') as Ast)
    if (path) return { ...path, instance: 'new' }
  }
  const named = namedType(type)
  return named ? { ...named, instance: 'type' } : undefined
}

function rememberReceiver(walk: Walk, index: number, receiver: NonNullable<Declaration['receiver']>): void {
  walk.scope.pending.push({
    name: receiver.name,
    members: receiver.members,
    space: receiver.instance === 'new' ? 'value' : 'type',
    found: (target) => {
      const symbol = walk.facts.symbols[index]
      if (symbol && receiver.instance === 'new') symbol.instanceOf = target
      else if (symbol) symbol.typedAs = target
    },
  })
}

function declarePattern(walk: Walk, pattern: Ast, { kind, inExport, start }: Statement, end: number): void {
  const names: string[] = []
  eachBound(
    pattern,
    (id) => names.push(id.name as string),
    () => {},
  )
  declareLocals(walk, pattern, kind === 'var')
  for (const name of names) {
    if (!inExport && !isExported(walk, name)) continue
    const what = { name, kind: 'variable' as const, parent: walk.symbol, start, end, exported: true }
    const symbol = walk.symbols.add(what)
    const known = walk.scope.values.get(name)
    if (known) known.symbol = symbol
  }
}

/** `const x = require('y')`, `const { a } = await import('y')`, `const z = require('y').z`: names of another module. */
function bindModule(walk: Walk, id: Ast, init: Ast, scope: Walk['scope']): boolean {
  const { root, members } = chainOf(init)
  const required = requireRequest(root)
  const request = required ?? dynamicRequest(root)
  if (request === undefined || members.length > 1) return false
  if (id.type !== 'Identifier' && (id.type !== 'ObjectPattern' || members.length > 0)) return false
  const how =
    required === undefined ? { form: 'import' as const, dynamic: true } : { form: 'require' as const, dynamic: false }
  const index = addImport(walk, root, { request, typeOnly: false, ...how })
  if (id.type === 'Identifier') {
    declare(scope, id.name as string, 'both', { binding: addBinding(walk, index, members[0] ?? '*') })
    return true
  }
  for (const { imported, local } of plainProperties(id)) {
    declare(scope, local, 'both', { binding: addBinding(walk, index, imported) })
  }
  eachBound(id, (bound) => declare(scope, bound.name as string, 'value'), walk.visit)
  return true
}

/** Visitors of variable declarations. */
export const variableHandlers: Handlers = {
  VariableDeclaration(walk, node) {
    const inExport = walk.exportStart !== undefined
    const start = takeStart(walk, node)
    for (const [at, declarator] of children(node, 'declarations').entries()) {
      const statement = { kind: node.kind as string, inExport, start: at === 0 ? start : declarator.start }
      visitDeclarator(walk, declarator, statement)
    }
  },
  ReturnStatement(walk, node) {
    const argument = child(node, 'argument')
    const isMade = walk.symbol >= 0 && argument?.type === 'ObjectExpression' && hasFunctions(argument)
    if (isMade) visitObjectMembers(walk, argument, walk.symbol, false, true)
    else if (argument) walk.visit(argument)
  },
}
