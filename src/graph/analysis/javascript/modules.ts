import { declare, lookup } from '../scope.ts'
import type { Ast } from './ast.ts'
import { child, children, nameOf, stringOf, unwrap } from './ast.ts'
import { visitClass } from './classes.ts'
import { pathOf } from './expressions.ts'
import { eachBound, qualifiedName } from './patterns.ts'
import { requireRequest } from './requests.ts'
import { isFunction, visitNamedFunction, visitObjectMembers } from './variables.ts'
import type { Handlers, Walk } from './walk.ts'
import { addBinding, addImport } from './walk.ts'

/**
 * Top-level declarations of a declaration file are exported even without the word, unless the file says by `export {}`, `export =`
 * or `export default` that it means to choose (TypeScript, "ambient contexts"). Global scripts export nothing.
 */
function implicitlyExported(program: Ast): Ast[] {
  const body = children(program, 'body')
  const isModule = body.some((node) => /^(?:Import|Export)/.test(node.type))
  const chooses = body.some(
    (node) =>
      node.type === 'TSExportAssignment' ||
      node.type === 'ExportDefaultDeclaration' ||
      (node.type === 'ExportNamedDeclaration' && !child(node, 'source') && !child(node, 'declaration')),
  )
  return isModule && !chooses ? body.filter((node) => !/^(?:Import|Export)/.test(node.type)) : []
}

/** Exports the plain declarations of a declaration file. */
export function exportImplicitly(walk: Walk, program: Ast): void {
  for (const node of implicitlyExported(program)) {
    for (const name of declaredNames(node)) {
      walk.exportedNames.add(name)
      walk.localExports.push({ name, local: name, typeOnly: false, startLine: walk.line(node.start) })
    }
  }
}

/** Local names that `export` statements of a program give away. */
export function exportedNames(program: Ast): Set<string> {
  const names = new Set<string>()
  for (const statement of children(program, 'body')) {
    if (statement.type === 'ExportNamedDeclaration' && !child(statement, 'source')) {
      for (const specifier of children(statement, 'specifiers')) names.add(nameOf(child(specifier, 'local')) ?? '')
      const declaration = child(statement, 'declaration')
      if (declaration) for (const name of declaredNames(declaration)) names.add(name)
    } else if (statement.type === 'ExportDefaultDeclaration' || statement.type === 'TSExportAssignment') {
      const value = child(statement, 'declaration') ?? child(statement, 'expression')
      const name = value?.type === 'Identifier' ? value : value && child(value, 'id')
      if (name) names.add(name.name as string)
    }
  }
  return names
}

function declaredNames(declaration: Ast): string[] {
  const names: string[] = []
  for (const declarator of children(declaration, 'declarations')) {
    eachBound(
      child(declarator, 'id') as Ast,
      (id) => names.push(id.name as string),
      () => {},
    )
  }
  const id = child(declaration, 'id')
  if (id?.type === 'Identifier') names.push(id.name as string)
  return names
}

function visitImport(walk: Walk, node: Ast): void {
  const request = stringOf(child(node, 'source')) ?? ''
  const specifiers = children(node, 'specifiers')
  const isType = (item: Ast) => node.importKind === 'type' || item.importKind === 'type'
  const typeOnly = node.importKind === 'type' || (specifiers.length > 0 && specifiers.every(isType))
  const index = addImport(walk, node, { request, form: 'import', typeOnly, dynamic: false })
  for (const specifier of specifiers) {
    const local = child(specifier, 'local') as Ast
    const imported =
      specifier.type === 'ImportNamespaceSpecifier'
        ? '*'
        : specifier.type === 'ImportDefaultSpecifier'
          ? 'default'
          : (nameOf(child(specifier, 'imported')) ?? '')
    declare(walk.scope, local.name as string, 'both', { binding: addBinding(walk, index, imported, isType(specifier)) })
  }
}

function visitNamedExport(walk: Walk, node: Ast): void {
  const startLine = walk.line(node.start)
  const source = child(node, 'source')
  const declaration = child(node, 'declaration')
  const isType = (item: Ast) => node.exportKind === 'type' || item.exportKind === 'type'
  const specifiers = children(node, 'specifiers')
  if (declaration) {
    walk.exportStart = node.start
    walk.visit(declaration)
    walk.exportStart = undefined
    if (walk.scope.parent !== undefined) return
    for (const name of declaredNames(declaration))
      walk.localExports.push({ name, local: name, typeOnly: false, startLine })
    return
  }
  if (source) {
    const typeOnly = node.exportKind === 'type' || (specifiers.length > 0 && specifiers.every(isType))
    const request = stringOf(source) ?? ''
    const index = addImport(walk, node, { request, form: 'reexport', typeOnly, dynamic: false })
    for (const specifier of specifiers) {
      const imported = nameOf(child(specifier, 'local')) ?? ''
      const name = nameOf(child(specifier, 'exported')) ?? imported
      walk.facts.exports.push({ name, import: index, imported, typeOnly: isType(specifier), startLine })
    }
    return
  }
  for (const specifier of specifiers) {
    const local = nameOf(child(specifier, 'local')) ?? ''
    const name = nameOf(child(specifier, 'exported')) ?? local
    walk.localExports.push({ name, local, typeOnly: isType(specifier), startLine: walk.line(specifier.start) })
  }
}

/**
 * Exports a value under a name: an identifier by reference, a function, class or other expression as a symbol of its own.
 * `key` is the name of that symbol where the expression has none.
 */
export function exportValue(walk: Walk, name: string, value: Ast, statement: Ast, key = 'default'): void {
  const startLine = walk.line(statement.start)
  const node = unwrap(value)
  if (node.type === 'Identifier') {
    walk.localExports.push({ name, local: node.name as string, typeOnly: false, startLine })
    walk.visit(node)
    return
  }
  const member = moduleMember(walk, node)
  if (member !== undefined) {
    walk.facts.exports.push({ name, ...member, typeOnly: false, startLine })
    walk.visit(node)
    return
  }
  const request = requireRequest(node)
  if (request !== undefined) {
    const index = addImport(walk, node, { request, form: 'require', typeOnly: false, dynamic: false })
    walk.facts.exports.push({ name, import: index, imported: '*', typeOnly: false, startLine })
    return
  }
  const own = (child(node, 'id')?.name as string | undefined) ?? key
  const place = { parent: -1, start: statement.start, end: statement.end, exported: true }
  let symbol: number
  if (isFunction(node)) symbol = visitNamedFunction(walk, node, { ...place, name: own, kind: 'function' })
  else if (node.type === 'ClassExpression') symbol = visitClass(walk, node, own, true, statement.start)
  else {
    symbol = walk.symbols.add({ ...place, name: own, kind: 'variable' })
    const outer = walk.symbol
    walk.symbol = symbol
    if (node.type === 'ObjectExpression') visitObjectMembers(walk, node, symbol, true)
    else walk.visit(node)
    walk.symbol = outer
  }
  walk.facts.exports.push({ name, symbol, typeOnly: false, startLine })
}

/** `other.name` where `other` is a module: the import of that, and the name in it. */
function moduleMember(walk: Walk, node: Ast): { import: number; imported: string } | undefined {
  const path = node.type === 'MemberExpression' ? pathOf(node) : undefined
  const index = path?.members.length === 1 ? lookup(walk.scope, path.name, 'value')?.binding : undefined
  const binding = index === undefined ? undefined : walk.facts.bindings[index]
  if (binding?.imported !== '*') return undefined
  return { import: binding.import, imported: path?.members[0] as string }
}

function visitDefaultExport(walk: Walk, node: Ast): void {
  const declaration = child(node, 'declaration') as Ast
  const startLine = walk.line(node.start)
  if (/Function$|Declaration$/.test(declaration.type) && !/Expression$/.test(declaration.type)) {
    walk.exportStart = node.start
    walk.visit(declaration)
    walk.exportStart = undefined
    const id = child(declaration, 'id')
    if (id) walk.localExports.push({ name: 'default', local: id.name as string, typeOnly: false, startLine })
    else {
      const symbol = walk.hoisted.get(declaration)
      if (symbol !== undefined) walk.facts.exports.push({ name: 'default', symbol, typeOnly: false, startLine })
    }
    return
  }
  exportValue(walk, 'default', declaration, node)
}

/** Visitors of import and export statements of ECMAScript and TypeScript. */
export const moduleHandlers: Handlers = {
  ImportDeclaration: visitImport,
  ExportNamedDeclaration: visitNamedExport,
  ExportDefaultDeclaration: visitDefaultExport,
  ExportAllDeclaration(walk, node) {
    const typeOnly = node.exportKind === 'type'
    const request = stringOf(child(node, 'source')) ?? ''
    const index = addImport(walk, node, { request, form: 'reexport', typeOnly, dynamic: false })
    const exported = nameOf(child(node, 'exported'))
    const startLine = walk.line(node.start)
    walk.facts.exports.push({ name: exported ?? '*', import: index, imported: '*', typeOnly, startLine })
  },
  TSExportAssignment: (walk, node) => exportValue(walk, 'export=', child(node, 'expression') as Ast, node),
  TSNamespaceExportDeclaration: () => {},
  TSImportEqualsDeclaration(walk, node) {
    const local = (child(node, 'id') as Ast).name as string
    const reference = child(node, 'moduleReference') as Ast
    const inExport = walk.exportStart !== undefined
    walk.exportStart = undefined
    if (reference.type === 'TSExternalModuleReference') {
      const request = stringOf(child(reference, 'expression')) ?? ''
      const typeOnly = node.importKind === 'type'
      const index = addImport(walk, node, { request, form: 'require', typeOnly, dynamic: false })
      declare(walk.scope, local, 'both', { binding: addBinding(walk, index, '*', typeOnly) })
    } else {
      const path = qualifiedName(reference)
      if (path) declare(walk.scope, local, 'both', { alias: path })
    }
    const startLine = walk.line(node.start)
    if (inExport) walk.localExports.push({ name: local, local, typeOnly: false, startLine })
  },
}

/** The dotted name that an assignment writes to, or undefined. */
export function assignedPath(node: Ast): { name: string; members: string[] } | undefined {
  return node.operator === '=' ? pathOf(child(node, 'left') as Ast) : undefined
}
