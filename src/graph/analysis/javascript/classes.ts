import type { Path } from '../scope.ts'
import { closeScope, createScope, declare } from '../scope.ts'
import type { NodeKind, SymbolFact } from '../types.ts'
import type { Ast } from './ast.ts'
import { child, children, nameOf } from './ast.ts'
import { pathOf } from './expressions.ts'
import { declareTypeParameters, visitFunction, visitStatements } from './functions.ts'
import type { Handlers, Walk } from './walk.ts'
import { inScope, inside } from './walk.ts'

/** Start of a declaration's statement: its `export` or its first decorator, whichever comes first. */
export function takeStart(walk: Walk, node: Ast): number {
  const start = walk.exportStart ?? node.start
  walk.exportStart = undefined
  return Math.min(start, ...children(node, 'decorators').map((decorator) => decorator.start))
}

/** Whether a top-level name leaves the module. */
export function isExported(walk: Walk, name: string): boolean {
  if (walk.symbol >= 0 && walk.facts.symbols[walk.symbol]?.kind === 'namespace') return walk.exportStart !== undefined
  return walk.scope.parent === undefined && walk.exportedNames.has(name)
}

/** Adds a class and walks it. @returns its symbol index */
export function visitClass(walk: Walk, node: Ast, name: string, exported: boolean, start: number): number {
  const body = child(node, 'body') as Ast
  const what = {
    name,
    kind: 'class' as const,
    parent: walk.symbol,
    start,
    end: node.end,
    bodyStart: body.start,
    exported,
  }
  const index = walk.symbols.add(what)
  mergeWithClass(walk, index, walk.scope.types.get(name)?.symbol)
  inside(walk, index, undefined, () => visitClassParts(walk, node, index))
  return index
}

/** An interface of the same name adds its members to a class (TypeScript handbook, "Declaration merging"). */
function mergeWithClass(walk: Walk, class_: number | undefined, interface_: number | undefined): void {
  const owner = class_ === undefined ? undefined : walk.facts.symbols[class_]
  if (owner?.kind !== 'class' || interface_ === undefined || walk.facts.symbols[interface_]?.kind !== 'interface')
    return
  owner.bases = [...(owner.bases ?? []), { base: 'symbol', index: interface_, members: [] }]
}

function visitClassParts(walk: Walk, node: Ast, index: number | undefined): void {
  for (const decorator of children(node, 'decorators')) walk.visit(decorator)
  inScope(walk, false, () => {
    declareTypeParameters(walk, node)
    const superClass = child(node, 'superClass')
    const path = superClass && pathOf(superClass)
    if (path && index !== undefined) inherit(walk, path, 'extends', superClass, index, 'value')
    else if (superClass) walk.visit(superClass)
    const types = child(node, 'superTypeArguments')
    if (types) walk.visit(types)
    for (const item of children(node, 'implements')) visitHeritage(walk, item, 'implements', index)
    for (const member of children(child(node, 'body') as Ast, 'body')) visitMember(walk, member, index)
  })
}

function visitHeritage(walk: Walk, item: Ast, kind: 'extends' | 'implements', index: number | undefined): void {
  const expression = child(item, 'expression') as Ast
  const path = pathOf(expression)
  if (path && index !== undefined) inherit(walk, path, kind, expression, index, 'type')
  else walk.visit(expression)
  const types = child(item, 'typeArguments')
  if (types) walk.visit(types)
}

/** Notes what a class or interface extends or implements; what it extends also takes part in member lookup. */
function inherit(
  walk: Walk,
  path: Path,
  kind: 'extends' | 'implements',
  span: Ast,
  index: number,
  space: 'value' | 'type',
): void {
  const place = { startLine: walk.line(span.start), endLine: walk.line(span.end) }
  walk.scope.pending.push({
    ...path,
    space,
    found: (target) => {
      walk.facts.uses.push({ kind, from: index, target, ...place })
      const symbol = walk.facts.symbols[index] as SymbolFact
      if (kind === 'extends') symbol.bases = [...(symbol.bases ?? []), target]
    },
  })
}

function visitMember(walk: Walk, member: Ast, index: number | undefined): void {
  for (const decorator of children(member, 'decorators')) walk.visit(decorator)
  const key = child(member, 'key')
  if (member.computed === true && key) walk.visit(key)
  const type = child(member, 'typeAnnotation')
  if (type) walk.visit(type)
  const isStatic = member.static === true || member.type === 'StaticBlock'
  const self = index === undefined ? undefined : { index, isStatic }
  if (member.type === 'StaticBlock') {
    inside(walk, walk.symbol, self, () => inScope(walk, true, () => visitStatements(walk, children(member, 'body'))))
    return
  }
  const value = child(member, 'value')
  const name = member.computed === true ? undefined : nameOf(key)
  const isMethod = member.type === 'MethodDefinition' || member.type === 'TSAbstractMethodDefinition'
  const isFunction = isMethod || value?.type === 'ArrowFunctionExpression' || value?.type === 'FunctionExpression'
  const symbol =
    isFunction && name !== undefined && index !== undefined ? addMethod(walk, member, name, index) : undefined
  if (value === undefined) return
  const keepsThis = isFunction ? self : value.type === 'ArrowFunctionExpression' ? self : undefined
  inside(walk, symbol ?? walk.symbol, keepsThis ?? self, () => {
    if (isFunction) visitFunction(walk, value)
    else walk.visit(value)
  })
}

function addMethod(walk: Walk, member: Ast, name: string, index: number): number {
  const value = child(member, 'value')
  const body = value && child(value, 'body')
  const hasBody = body !== undefined
  return walk.symbols.add({
    name,
    kind: 'method',
    parent: index,
    start: Math.min(member.start, ...children(member, 'decorators').map((decorator) => decorator.start)),
    end: member.end,
    ...(hasBody ? { bodyStart: body.start } : {}),
    exported:
      walk.facts.symbols[index]?.exported === true && member.accessibility !== 'private' && !name.startsWith('#'),
    isStatic: member.static === true,
    merge: true,
    overload: member.kind !== 'get' && member.kind !== 'set',
  })
}

function visitTypeDeclaration(walk: Walk, node: Ast, kind: NodeKind, body: (index: number) => void): void {
  const name = (child(node, 'id') as Ast).name as string
  const exported = isExported(walk, name)
  const start = takeStart(walk, node)
  const bodyNode = child(node, 'body') ?? child(node, 'typeAnnotation')
  const index = walk.symbols.add({
    name,
    kind,
    parent: walk.symbol,
    start,
    end: node.end,
    ...(bodyNode ? { bodyStart: bodyNode.start } : {}),
    exported,
    merge: kind === 'interface' || kind === 'enum',
  })
  mergeWithClass(walk, walk.scope.values.get(name)?.symbol, index)
  declare(walk.scope, name, kind === 'enum' ? 'both' : 'type', { symbol: index })
  inside(walk, index, undefined, () =>
    inScope(walk, false, () => {
      declareTypeParameters(walk, node)
      body(index)
    }),
  )
}

function visitNamespace(walk: Walk, node: Ast): void {
  const body = child(node, 'body')
  const id = child(node, 'id') as Ast
  const name = walk.text.slice(id.start, id.end).replace(/^['"]|['"]$/g, '')
  if (node.kind === 'global' || name === 'global') {
    if (body) walk.visitChildren(body)
    return
  }
  const exported = isExported(walk, name)
  const start = takeStart(walk, node)
  const what = { name, kind: 'namespace' as const, parent: walk.symbol, start, end: node.end, exported, merge: true }
  const index = walk.symbols.add(body ? { ...what, bodyStart: body.start } : what)
  if (id.type === 'Identifier') declare(walk.scope, name, 'both', { symbol: index })
  if (body === undefined) return
  inside(walk, index, undefined, () => {
    const outer = walk.scope
    walk.scope = createScope(outer, true)
    visitStatements(walk, children(body, 'body'))
    closeScope(walk.scope)
    walk.scope = outer
  })
}

/** Visitors of classes, interfaces, types, enums and namespaces. */
export const classHandlers: Handlers = {
  ClassDeclaration(walk, node) {
    const id = child(node, 'id')
    const name = (id?.name as string | undefined) ?? 'default'
    const exported = isExported(walk, name) || (id === undefined && walk.exportStart !== undefined)
    const index = visitClass(walk, node, name, exported, takeStart(walk, node))
    if (id) declare(walk.scope, name, 'both', { symbol: index })
    walk.hoisted.set(node, index)
  },
  ClassExpression: (walk, node) => inside(walk, walk.symbol, undefined, () => visitClassParts(walk, node, undefined)),
  TSInterfaceDeclaration: (walk, node) =>
    visitTypeDeclaration(walk, node, 'interface', (index) => {
      for (const item of children(node, 'extends')) visitHeritage(walk, item, 'extends', index)
      for (const member of children(child(node, 'body') as Ast, 'body')) {
        const name = member.computed === true ? undefined : nameOf(child(member, 'key'))
        const isMethod = member.type === 'TSMethodSignature' && name !== undefined
        const symbol = isMethod ? addMethod(walk, member, name, index) : index
        inside(walk, symbol, undefined, () => walk.visit(member))
      }
    }),
  TSTypeAliasDeclaration: (walk, node) =>
    visitTypeDeclaration(walk, node, 'type', () => walk.visit(child(node, 'typeAnnotation') as Ast)),
  TSEnumDeclaration: (walk, node) =>
    visitTypeDeclaration(walk, node, 'enum', () => {
      for (const member of children(child(node, 'body') as Ast, 'members')) {
        const initializer = child(member, 'initializer')
        if (initializer) walk.visit(initializer)
      }
    }),
  TSModuleDeclaration: visitNamespace,
  TSModuleBlock: (walk, node) => visitStatements(walk, children(node, 'body')),
}
