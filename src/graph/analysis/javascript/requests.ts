import { lookup } from '../scope.ts'
import type { Ast } from './ast.ts'
import { child, children, nameOf, stringOf } from './ast.ts'
import type { Walk } from './walk.ts'
import { addImport } from './walk.ts'

/** The text of `require('x')`, or undefined. */
export function requireRequest(expression: Ast | undefined): string | undefined {
  if (expression?.type !== 'CallExpression') return undefined
  const callee = child(expression, 'callee') as Ast
  if (callee.type !== 'Identifier' || callee.name !== 'require') return undefined
  return stringOf(children(expression, 'arguments')[0])
}

/** The text of `import('x')` or `await import('x')`, or undefined. */
export function dynamicRequest(expression: Ast | undefined): string | undefined {
  const inner = expression?.type === 'AwaitExpression' ? child(expression, 'argument') : expression
  return inner?.type === 'ImportExpression' ? stringOf(child(inner, 'source')) : undefined
}

/**
 * Notes what a call names without loading it in the usual way: the dependencies of `define([...])` and `require([...])` (AMD specification), and files
 * that `require.resolve` and `import.meta.resolve` look for. Relative names only: what others stand for is up to the settings of the loader.
 */
export function addNamedModules(walk: Walk, node: Ast): void {
  const callee = child(node, 'callee') as Ast
  const list = children(node, 'arguments')
  if (callee.type === 'Identifier' && (callee.name === 'define' || callee.name === 'require')) {
    if (lookup(walk.scope, callee.name, 'value') !== undefined) return
    const names = list.slice(0, 2).find(({ type }) => type === 'ArrayExpression')
    for (const element of names ? children(names, 'elements') : []) addRelative(walk, element, 'require', false)
  } else if (isResolve(callee)) addRelative(walk, list[0], 'reference', true)
}

function isResolve(callee: Ast): boolean {
  const object = callee.type === 'MemberExpression' ? child(callee, 'object') : undefined
  if (object === undefined || nameOf(child(callee, 'property')) !== 'resolve') return false
  return object.type === 'MetaProperty' || (object.type === 'Identifier' && object.name === 'require')
}

function addRelative(walk: Walk, name: Ast | undefined, form: 'require' | 'reference', dynamic: boolean): void {
  const request = stringOf(name)
  if (name && request?.startsWith('.')) addImport(walk, name, { request, form, typeOnly: false, dynamic })
}
