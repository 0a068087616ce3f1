import { lookup } from '../scope.ts'
import type { Ast } from './ast.ts'
import { child, children, nameOf, stringOf, unwrap } from './ast.ts'
import { assignedPath, exportValue } from './modules.ts'
import { requireRequest } from './requests.ts'
import { hasFunctions, isFunction, visitNamedFunction, visitObjectMembers } from './variables.ts'
import type { Handlers, Walk } from './walk.ts'
import { addBinding, addImport } from './walk.ts'

/** Whether a name is free at this place, so that `module` and `exports` are those of CommonJS. */
function isFree(walk: Walk, name: string): boolean {
  return lookup(walk.scope, name, 'value') === undefined
}

/** The exported name that an assignment writes, 'export=' for the whole, or undefined. */
function exportTarget(walk: Walk, path: { name: string; members: string[] }): string | undefined {
  const { name, members } = path
  if (name === 'exports' && members.length === 1 && isFree(walk, 'exports')) return members[0]
  if (name !== 'module' || members[0] !== 'exports' || !isFree(walk, 'module')) return undefined
  if (members.length === 1) return 'export='
  return members.length === 2 ? members[1] : undefined
}

function visitAssignment(walk: Walk, node: Ast): void {
  const path = assignedPath(node)
  const right = unwrap(child(node, 'right') as Ast)
  const name = path && exportTarget(walk, path)
  if (path && name !== undefined) {
    assignExport(walk, node, name, right)
    return
  }
  if (path && assignMember(walk, node, path, right)) return
  if (assignOwn(walk, node, right)) return
  walk.visitChildren(node)
}

function assignExport(walk: Walk, node: Ast, name: string, right: Ast): void {
  walk.facts.commonjs = true
  if (right.type === 'AssignmentExpression') {
    // module.exports = exports = x; exports.a = exports.b = x
    walk.visit(right)
    let value = right
    while (value.type === 'AssignmentExpression') value = unwrap(child(value, 'right') as Ast)
    if (value.type === 'Identifier') exportValue(walk, name, value, node)
    return
  }
  if (right.type === 'UnaryExpression' && name !== 'export=') return // exports.a = void 0
  if (name !== 'export=' || right.type !== 'ObjectExpression') {
    exportValue(walk, name, right, node, name === 'export=' ? 'default' : name)
    if (name === 'export=' && !['Identifier', 'FunctionExpression', 'ClassExpression'].includes(right.type)) {
      walk.facts.opaque = requireRequest(right) === undefined
    }
    return
  }
  for (const property of children(right, 'properties')) exportProperty(walk, property)
}

/** One property of `module.exports = { ... }`. */
function exportProperty(walk: Walk, property: Ast): void {
  const value = property.type === 'Property' ? child(property, 'value') : undefined
  const key = property.computed === true ? undefined : nameOf(child(property, 'key'))
  if (value === undefined || key === undefined) {
    const spread = property.type === 'SpreadElement' ? requireRequest(child(property, 'argument')) : undefined
    if (spread === undefined) {
      walk.facts.opaque = true
      walk.visit(property)
      return
    }
    const index = addImport(walk, property, { request: spread, form: 'require', typeOnly: false, dynamic: false })
    const startLine = walk.line(property.start)
    walk.facts.exports.push({ name: '*', import: index, imported: '*', typeOnly: false, startLine })
    return
  }
  exportValue(walk, key, value, property, key)
}

/** `Foo.prototype.m = function`, `Foo.m = function`, `Foo.prototype = {...}`: methods of a local class or function. */
function assignMember(walk: Walk, node: Ast, path: { name: string; members: string[] }, right: Ast): boolean {
  const onPrototype = path.members[0] === 'prototype'
  const names = onPrototype ? path.members.slice(1) : path.members
  const index = lookup(walk.scope, path.name, 'value')?.symbol
  const owner = index === undefined ? undefined : walk.facts.symbols[index]
  if (index === undefined || owner === undefined || owner.parent !== walk.symbol) return false
  if (onPrototype && names.length === 0 && right.type === 'ObjectExpression' && hasFunctions(right)) {
    visitObjectMembers(walk, right, index, owner.exported)
    for (const symbol of walk.facts.symbols) if (symbol.parent === index) delete symbol.isStatic
    return true
  }
  if (names.length !== 1 || !isFunction(right)) return false
  const place = { start: node.start, end: node.end, exported: owner.exported }
  const what = { name: names[0] as string, kind: 'method' as const, parent: index, ...place }
  const self = { index, isStatic: !onPrototype, ...(owner.kind === 'variable' && !onPrototype ? { loose: true } : {}) }
  visitNamedFunction(walk, right, what, right.type === 'FunctionExpression' ? { isStatic: !onPrototype, self } : {})
  return true
}

/** `this.m = function`: a method of the class, or of the function that is used as one. */
function assignOwn(walk: Walk, node: Ast, right: Ast): boolean {
  const left = child(node, 'left')
  const isOwn = left?.type === 'MemberExpression' && child(left, 'object')?.type === 'ThisExpression'
  const name = isOwn && left.computed !== true ? nameOf(child(left, 'property')) : undefined
  const { self } = walk
  const owner = self && walk.facts.symbols[self.index]
  if (name === undefined || node.operator !== '=' || !isFunction(right) || !self || !owner) return false
  if (self.loose || !['class', 'function'].includes(owner.kind)) return false
  // Another body for a method that there is already says nothing new.
  if (walk.facts.symbols.some((one) => one.parent === self.index && one.name === name)) return false
  const { start, end } = node
  const exported = owner.exported && !name.startsWith('#')
  const what = { name, kind: 'method' as const, parent: self.index, start, end, exported }
  visitNamedFunction(walk, right, what, { isStatic: self.isStatic, self })
  return true
}

/** Calls that compiled code exports by: `__exportStar(require("./x"), exports)`, `Object.defineProperty(exports, ...)`. */
function visitCompiledExport(walk: Walk, node: Ast, fallback: (node: Ast) => void): void {
  const callee = child(node, 'callee') as Ast
  const [first, second] = children(node, 'arguments')
  const helper = callee.type === 'MemberExpression' ? nameOf(child(callee, 'property')) : nameOf(callee)
  const request = helper === '__exportStar' ? requireRequest(first) : undefined
  if (request !== undefined && first) {
    const index = addImport(walk, first, { request, form: 'require', typeOnly: false, dynamic: false })
    const startLine = walk.line(node.start)
    walk.facts.exports.push({ name: '*', import: index, imported: '*', typeOnly: false, startLine })
    return
  }
  const onExports = first?.type === 'Identifier' && first.name === 'exports'
  if (onExports && helper === 'defineProperty' && stringOf(second) !== '__esModule') walk.facts.opaque = true
  const isModule = first?.type === 'MemberExpression' && nameOf(child(first, 'property')) === 'exports'
  if ((onExports || isModule) && helper === 'assign') walk.facts.opaque = true
  fallback(node)
}

/** Visitors of CommonJS and prototype assignments; `call` is what other calls are visited by. */
export function commonjsHandlers(call: Handlers[string]): Handlers {
  return {
    AssignmentExpression: visitAssignment,
    CallExpression: (walk, node) => visitCompiledExport(walk, node, (other) => call(walk, other)),
  }
}

/** Uses of what the module itself exports: `exports.x`, `module.exports.x`. For the end of the module, when all exports are known. */
export function settleOwnExports(walk: Walk): void {
  for (const { name, members, found } of walk.scope.pending) {
    if (walk.scope.values.has(name)) continue
    const path = name === 'exports' ? members : name === 'module' && members[0] === 'exports' ? members.slice(1) : []
    if (path.length === 0) continue
    const fact = walk.facts.exports.find((one) => one.name === path[0])
    if (fact?.symbol !== undefined) found({ base: 'symbol', index: fact.symbol, members: path.slice(1) })
    else if (fact?.binding !== undefined || fact?.import !== undefined) {
      const index = fact.binding ?? addBinding(walk, fact.import as number, fact.imported ?? '*')
      found({ base: 'binding', index, members: path.slice(1) })
    }
  }
}

/** Local names that `module.exports = ...` and `exports.x = ...` statements give away. */
export function commonjsNames(program: Ast): Set<string> {
  const names = new Set<string>()
  const add = (value: Ast | undefined) => {
    if (value?.type === 'Identifier') names.add(value.name as string)
  }
  for (const statement of children(program, 'body')) {
    let node = statement.type === 'ExpressionStatement' ? child(statement, 'expression') : undefined
    const path = node?.type === 'AssignmentExpression' ? assignedPath(node) : undefined
    if (path?.name !== 'exports' && !(path?.name === 'module' && path.members[0] === 'exports')) continue
    while (node?.type === 'AssignmentExpression') node = child(node, 'right')
    add(node)
    if (node?.type !== 'ObjectExpression') continue
    for (const property of children(node, 'properties')) add(child(property, 'value'))
  }
  return names
}
