import { declare, functionScope } from '../scope.ts'
import type { Ast } from './ast.ts'
import { child, children } from './ast.ts'
import { eachBound, namedType } from './patterns.ts'
import type { Handlers, Walk } from './walk.ts'
import { inScope, inside } from './walk.ts'

/** Declares the names of a pattern as plain locals; a name with a declared type remembers it. */
export function declareLocals(walk: Walk, pattern: Ast, isVar = false): void {
  const scope = isVar ? functionScope(walk.scope) : walk.scope
  const typed = (id: Ast) => namedType(child(id, 'typeAnnotation'))
  eachBound(
    pattern,
    (id) => {
      const type = typed(id)
      declare(scope, id.name as string, 'value', type ? { receiver: { ...type, instance: 'type' } } : {})
    },
    walk.visit,
  )
}

/** Declares type parameters in the scope at hand and visits their constraints. */
export function declareTypeParameters(walk: Walk, node: Ast): void {
  const parameters = child(node, 'typeParameters')
  if (parameters === undefined) return
  for (const parameter of children(parameters, 'params')) {
    const name = child(parameter, 'name')
    if (name) declare(walk.scope, name.name as string, 'type')
    for (const key of ['constraint', 'default']) {
      const type = child(parameter, key)
      if (type) walk.visit(type)
    }
  }
}

/** Makes symbols of a list's function declarations ahead, since they are hoisted. */
export function hoist(walk: Walk, statements: Ast[]): void {
  for (const statement of statements) {
    const exported = statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration'
    const node = exported ? child(statement, 'declaration') : statement
    if (node && (node.type === 'FunctionDeclaration' || node.type === 'TSDeclareFunction')) {
      declareFunction(walk, node, statement)
    }
  }
}

/** Adds the symbol of a function declaration (named, or the default export) and declares its name. */
function declareFunction(walk: Walk, node: Ast, statement: Ast): void {
  const id = child(node, 'id')
  const isDefault = statement.type === 'ExportDefaultDeclaration'
  const name = (id?.name as string | undefined) ?? 'default'
  const isTop = walk.scope.parent === undefined
  const index = walk.symbols.add({
    name,
    kind: 'function',
    parent: walk.symbol,
    start: statement.start,
    end: node.end,
    ...bodyStart(node),
    exported: isTop && (isDefault || walk.exportedNames.has(name)),
    merge: walk.overloads.has(`${walk.symbol}:${name}`),
    overload: true,
  })
  if (node.type === 'TSDeclareFunction') walk.overloads.add(`${walk.symbol}:${name}`)
  walk.hoisted.set(node, index)
  if (id) declare(walk.scope, name, 'value', { symbol: index })
}

function bodyStart(node: Ast): { bodyStart?: number } {
  const body = child(node, 'body')
  return body ? { bodyStart: body.start } : {}
}

/** Walks parameters, types and body of any function in a scope of its own. A parameter `this` says what that is. */
export function visitFunction(walk: Walk, node: Ast): void {
  const first = children(node, 'params')[0]
  const self = first?.type === 'Identifier' && first.name === 'this' ? undefined : walk.self
  inside(walk, walk.symbol, self, () => visitInScope(walk, node))
}

function visitInScope(walk: Walk, node: Ast): void {
  inScope(walk, true, () => {
    const id = child(node, 'id')
    if (id && node.type === 'FunctionExpression') declare(walk.scope, id.name as string, 'value')
    declareTypeParameters(walk, node)
    for (const parameter of children(node, 'params')) declareLocals(walk, parameter)
    const returns = child(node, 'returnType')
    if (returns) walk.visit(returns)
    const body = child(node, 'body')
    if (body?.type === 'BlockStatement') visitStatements(walk, children(body, 'body'))
    else if (body) walk.visit({ type: 'ReturnStatement', start: body.start, end: body.end, argument: body })
  })
}

/** Visits a list of statements whose functions are hoisted first. */
export function visitStatements(walk: Walk, statements: Ast[]): void {
  hoist(walk, statements)
  for (const statement of statements) walk.visit(statement)
}

const visitScoped = (walk: Walk, node: Ast) => inScope(walk, false, () => walk.visitChildren(node))

const visitSignature = (walk: Walk, node: Ast) =>
  inScope(walk, false, () => {
    declareTypeParameters(walk, node)
    for (const parameter of children(node, 'params')) declareLocals(walk, parameter)
    const returns = child(node, 'returnType')
    if (returns) walk.visit(returns)
  })

/** Visitors of functions and blocks: everything that opens a scope without being a symbol by itself. */
export const functionHandlers: Handlers = {
  FunctionDeclaration(walk, node) {
    const index = walk.hoisted.get(node)
    walk.exportStart = undefined
    if (index === undefined) visitFunction(walk, node)
    else inside(walk, index, { index, isStatic: false }, () => visitFunction(walk, node))
  },
  FunctionExpression: (walk, node) => inside(walk, walk.symbol, undefined, () => visitFunction(walk, node)),
  ArrowFunctionExpression: visitFunction,
  BlockStatement: (walk, node) => inScope(walk, false, () => visitStatements(walk, children(node, 'body'))),
  ForStatement: visitScoped,
  ForInStatement: visitScoped,
  ForOfStatement: visitScoped,
  SwitchStatement: visitScoped,
  CatchClause: (walk, node) =>
    inScope(walk, false, () => {
      const parameter = child(node, 'param')
      if (parameter) declareLocals(walk, parameter)
      walk.visit(child(node, 'body') as Ast)
    }),
  TSFunctionType: visitSignature,
  TSConstructorType: visitSignature,
  TSCallSignatureDeclaration: visitSignature,
  TSConstructSignatureDeclaration: visitSignature,
  TSMappedType: (walk, node) =>
    inScope(walk, false, () => {
      const key = child(node, 'key')
      if (key) declare(walk.scope, key.name as string, 'type')
      for (const name of ['constraint', 'nameType', 'typeAnnotation']) {
        const type = child(node, name)
        if (type) walk.visit(type)
      }
    }),
  TSConditionalType: visitScoped,
  TSInferType(walk, node) {
    const parameter = child(node, 'typeParameter')
    const name = parameter && child(parameter, 'name')
    if (name) declare(walk.scope, name.name as string, 'type')
    const constraint = parameter && child(parameter, 'constraint')
    if (constraint) walk.visit(constraint)
  },
}
functionHandlers.TSDeclareFunction = functionHandlers.FunctionDeclaration as Handlers[string]
functionHandlers.TSEmptyBodyFunctionExpression = functionHandlers.FunctionExpression as Handlers[string]
functionHandlers.TSMethodSignature = visitSignature
