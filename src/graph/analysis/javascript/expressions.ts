import type { Path } from '../scope.ts'
import { lookup } from '../scope.ts'
import type { Target, UseFact } from '../types.ts'
import type { Ast } from './ast.ts'
import { child, children, nameOf, stringOf, unwrap } from './ast.ts'
import { qualifiedName } from './patterns.ts'
import { addNamedModules, requireRequest } from './requests.ts'
import type { Handlers, Walk } from './walk.ts'
import { addBinding, addImport, refer } from './walk.ts'

/** `a.b.c` taken apart: where the chain starts, the plain names after it, and computed parts met on the way. */
export interface Chain {
  root: Ast
  members: string[]
  computed: Ast[]
}

/** Takes a member chain apart. A computed, non-literal part starts a new chain: what is before it cannot be followed. */
export function chainOf(expression: Ast): Chain {
  const members: string[] = []
  let current = unwrap(expression)
  while (current.type === 'MemberExpression') {
    const property = child(current, 'property') as Ast
    const name = current.computed === true ? stringOf(property) : nameOf(property)
    if (name === undefined) return { root: current, members, computed: [property] }
    members.unshift(name)
    current = unwrap(child(current, 'object') as Ast)
  }
  return { root: current, members, computed: [] }
}

/** The dotted name of an expression, or undefined where it is not one. */
export function pathOf(expression: Ast): Path | undefined {
  const { root, members, computed } = chainOf(expression)
  return root.type === 'Identifier' && computed.length === 0 ? { name: root.name as string, members } : undefined
}

/** Records what a chain stands for, as a use of `kind`, and visits what is inside it. */
function useChain(walk: Walk, expression: Ast, kind: UseFact['kind']): void {
  const { root, members, computed } = chainOf(expression)
  if (computed.length > 0) {
    walk.visit(child(root, 'object') as Ast)
    for (const node of computed) walk.visit(node)
    return
  }
  if (root.type === 'Identifier') refer(walk, { name: root.name as string, members }, kind, expression)
  else if (root.type === 'ThisExpression' || root.type === 'Super') useSelf(walk, root, members, kind, expression)
  else if (root.type === 'NewExpression' && members.length === 1) {
    const made = pathOf(child(root, 'callee') as Ast)
    if (made) refer(walk, made, kind, expression, { instance: 'new', onInstance: members })
    walk.visit(root)
  } else walk.visit(root)
}

function useSelf(walk: Walk, root: Ast, members: string[], kind: UseFact['kind'], span: Ast): void {
  if (walk.self === undefined && root.type === 'ThisExpression' && lookup(walk.scope, 'this', 'value')) {
    refer(walk, { name: 'this', members }, kind, span)
    return
  }
  if (walk.self === undefined || members.length !== 1) return
  const what = root.type === 'Super' ? 'super' : 'this'
  const base: Target['base'] = walk.self.isStatic ? `static-${what}` : what
  const target: Target = { base, index: walk.self.index, members, ...(walk.self.loose ? { loose: true } : {}) }
  const place = { startLine: walk.line(span.start), endLine: walk.line(span.end) }
  walk.facts.uses.push({ kind, from: walk.symbol, target, ...place })
}

function visitCall(walk: Walk, node: Ast): void {
  const request = requireRequest(node)
  if (request !== undefined) {
    addImport(walk, node, { request, form: 'require', typeOnly: false, dynamic: false })
    return
  }
  addNamedModules(walk, node)
  const callee = child(node, 'callee') as Ast
  if (callee.type !== 'Super') useChain(walk, callee, 'call')
  visitRest(walk, node)
}

function visitNew(walk: Walk, node: Ast): void {
  const callee = child(node, 'callee') as Ast
  const first = children(node, 'arguments')[0]
  const request = callee.type === 'Identifier' && callee.name === 'URL' ? stringOf(first) : undefined
  const base = children(node, 'arguments')[1]
  if (request?.startsWith('.') && base && chainOf(base).root.type === 'MetaProperty') {
    addImport(walk, node, { request, form: 'reference', typeOnly: false, dynamic: true })
  }
  if (callee.type === 'ThisExpression' && walk.self?.isStatic) {
    const target: Target = { base: 'symbol', index: walk.self.index, members: [] }
    const place = { startLine: walk.line(node.start), endLine: walk.line(node.end) }
    walk.facts.uses.push({ kind: 'new', from: walk.symbol, target, ...place })
  } else useChain(walk, callee, 'new')
  visitRest(walk, node)
}

function visitRest(walk: Walk, node: Ast): void {
  const types = child(node, 'typeArguments')
  if (types) walk.visit(types)
  for (const argument of children(node, 'arguments')) walk.visit(argument)
}

function visitJsx(walk: Walk, node: Ast): void {
  const members: string[] = []
  let name = child(node, 'name') as Ast
  while (name.type === 'JSXMemberExpression') {
    members.unshift(nameOf(child(name, 'property')) ?? '')
    name = child(name, 'object') as Ast
  }
  const root = nameOf(name)
  const isComponent = root !== undefined && (members.length > 0 || /^[A-Z_$]/.test(root))
  if (isComponent && root !== 'this') refer(walk, { name: root, members }, 'reference', node)
  const types = child(node, 'typeArguments')
  if (types) walk.visit(types)
  for (const attribute of children(node, 'attributes')) walk.visit(attribute)
}

function visitImportType(walk: Walk, node: Ast): void {
  const request = stringOf(child(node, 'source'))
  if (request !== undefined) {
    const index = addImport(walk, node, { request, form: 'import', typeOnly: true, dynamic: false })
    const qualifier = child(node, 'qualifier')
    const path = qualifier && qualifiedName(qualifier)
    if (path) {
      const target: Target = { base: 'binding', index: addBinding(walk, index, path.name, true), members: path.members }
      const place = { startLine: walk.line(node.start), endLine: walk.line(node.end) }
      walk.facts.uses.push({ kind: 'type', from: walk.symbol, target, ...place })
    }
  }
  const types = child(node, 'typeArguments')
  if (types) walk.visit(types)
}

function visitTypeName(walk: Walk, node: Ast, key: string, space: 'value' | 'type'): void {
  const name = child(node, key) as Ast
  const path = qualifiedName(name)
  if (path) refer(walk, path, 'type', name, { space })
  else if (name.type === 'TSImportType') walk.visit(name)
  const types = child(node, 'typeArguments')
  if (types) walk.visit(types)
}

const nothing = () => {}

/** Visitors of expressions and type expressions: they record uses and declare nothing. */
export const expressionHandlers: Handlers = {
  Identifier(walk, node) {
    if (node.name !== 'undefined') refer(walk, { name: node.name as string, members: [] }, 'reference', node)
    const type = child(node, 'typeAnnotation')
    if (type) walk.visit(type)
  },
  MemberExpression: (walk, node) => useChain(walk, node, 'reference'),
  CallExpression: visitCall,
  NewExpression: visitNew,
  TaggedTemplateExpression(walk, node) {
    useChain(walk, child(node, 'tag') as Ast, 'call')
    const types = child(node, 'typeArguments')
    if (types) walk.visit(types)
    walk.visit(child(node, 'quasi') as Ast)
  },
  ImportExpression(walk, node) {
    const source = child(node, 'source') as Ast
    const request = stringOf(source)
    if (request !== undefined) addImport(walk, node, { request, form: 'import', typeOnly: false, dynamic: true })
    else walk.visit(source)
  },
  Property(walk, node) {
    if (node.computed === true) walk.visit(child(node, 'key') as Ast)
    walk.visit(child(node, 'value') as Ast)
  },
  JSXOpeningElement: visitJsx,
  JSXClosingElement: nothing,
  LabeledStatement: (walk, node) => walk.visit(child(node, 'body') as Ast),
  BreakStatement: nothing,
  ContinueStatement: nothing,
  MetaProperty: nothing,
  TSTypeReference: (walk, node) => visitTypeName(walk, node, 'typeName', 'type'),
  TSTypeQuery: (walk, node) => visitTypeName(walk, node, 'exprName', 'value'),
  TSImportType: visitImportType,
  TSNamedTupleMember: (walk, node) => walk.visit(child(node, 'elementType') as Ast),
  TSTypePredicate(walk, node) {
    const type = child(node, 'typeAnnotation')
    if (type) walk.visit(type)
  },
  TSIndexSignature(walk, node) {
    for (const parameter of children(node, 'parameters')) {
      const type = child(parameter, 'typeAnnotation')
      if (type) walk.visit(type)
    }
    walk.visit(child(node, 'typeAnnotation') as Ast)
  },
  TSPropertySignature(walk, node) {
    if (node.computed === true) walk.visit(child(node, 'key') as Ast)
    const type = child(node, 'typeAnnotation')
    if (type) walk.visit(type)
  },
}
