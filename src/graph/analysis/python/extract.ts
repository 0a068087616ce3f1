import { countLines, lineAt, lineStarts } from '../lines.ts'
import { closeScope, createScope, declare } from '../scope.ts'
import { createSymbolTable } from '../symbols.ts'
import type { FileFacts } from '../types.ts'
import { emptyFacts } from '../types.ts'
import { assignTo, visitDecorators, visitPyAssignment, visitPyClass, visitPyFunction } from './definitions.ts'
import { visitPyDynamicImport, visitPyFrom, visitPyImport } from './imports.ts'
import type { PyNode, PythonParser } from './parse.ts'
import { field } from './parse.ts'
import type { PyWalk } from './walk.ts'
import { dotted, inPyScope, quotedPath, referPython, settleStars, textOf } from './walk.ts'

type Visitor = (walk: PyWalk, node: PyNode) => void

const visitKids: Visitor = (walk, node) => {
  for (const kid of node.kids) walk.visit(kid)
}

const visitComprehension: Visitor = (walk, node) =>
  inPyScope(walk, 'comprehension', () => {
    for (const kid of node.kids) if (kid.type === 'for_in_clause') assignFor(walk, kid)
    visitKids(walk, node)
  })

function assignFor(walk: PyWalk, node: PyNode): void {
  const left = field(node, 'left')
  if (left) assignTo(walk, left)
}

const visitors: Record<string, Visitor> = {
  import_statement: visitPyImport,
  import_from_statement: visitPyFrom,
  future_import_statement: () => {},
  decorated_definition(walk, node) {
    const decorators = visitDecorators(walk, node)
    const definition = field(node, 'definition')
    if (definition?.type === 'class_definition') visitPyClass(walk, definition, node)
    else if (definition) visitPyFunction(walk, definition, node, decorators)
  },
  function_definition: (walk, node) => visitPyFunction(walk, node, node, []),
  class_definition: (walk, node) => visitPyClass(walk, node, node),
  expression_statement(walk, node) {
    const only = node.kids[0]
    if (node.kids.length === 1 && only?.type === 'assignment') visitPyAssignment(walk, only, node)
    else visitKids(walk, node)
  },
  assignment: (walk, node) => visitPyAssignment(walk, node, node),
  named_expression(walk, node) {
    const name = field(node, 'name')
    if (name) assignTo(walk, name)
    const value = field(node, 'value')
    if (value) walk.visit(value)
  },
  for_statement(walk, node) {
    assignFor(walk, node)
    for (const kid of node.kids) if (kid.field !== 'left') walk.visit(kid)
  },
  for_in_clause(walk, node) {
    for (const kid of node.kids) if (kid.field !== 'left') walk.visit(kid)
  },
  as_pattern(walk, node) {
    for (const kid of node.kids) {
      if (kid.type === 'as_pattern_target') assignTo(walk, kid)
      else walk.visit(kid)
    }
  },
  lambda: (walk, node) =>
    inPyScope(walk, 'function', () => {
      for (const parameter of field(node, 'parameters')?.kids ?? []) {
        const name = parameter.type === 'identifier' ? parameter : parameter.kids[0]
        if (name?.type === 'identifier') declare(walk.scope, textOf(walk, name), 'value')
        const value = field(parameter, 'value')
        if (value) walk.visit(value)
      }
      const body = field(node, 'body')
      if (body) walk.visit(body)
    }),
  list_comprehension: visitComprehension,
  set_comprehension: visitComprehension,
  dictionary_comprehension: visitComprehension,
  generator_expression: visitComprehension,
  global_statement: (walk, node) => {
    for (const kid of node.kids) walk.outer.add(textOf(walk, kid))
  },
  if_statement(walk, node) {
    const condition = field(node, 'condition')
    const before = walk.typeOnly
    const checks = condition !== undefined && /^(?:\w+\.)?TYPE_CHECKING$/.test(textOf(walk, condition))
    for (const kid of node.kids) {
      walk.typeOnly = before || (checks && kid.field === 'consequence')
      walk.visit(kid)
    }
    walk.typeOnly = before
  },
  call: visitCall,
  attribute(walk, node) {
    const path = dotted(walk, node)
    if (path) referPython(walk, path, 'reference', node)
    else if (!visitSuper(walk, node, 'reference') && node.kids[0]) walk.visit(node.kids[0])
  },
  identifier: (walk, node) => referPython(walk, { name: textOf(walk, node), members: [] }, 'reference', node),
  keyword_argument(walk, node) {
    const value = field(node, 'value')
    if (value) walk.visit(value)
  },
  type: (walk, node) => visitType(walk, node),
  string(walk, node) {
    for (const kid of node.kids) if (kid.type === 'interpolation') visitKids(walk, kid)
  },
  keyword_pattern: (walk, node) => {
    for (const kid of node.kids.slice(1)) walk.visit(kid)
  },
}
visitors.nonlocal_statement = visitors.global_statement as Visitor

function visitCall(walk: PyWalk, node: PyNode): void {
  const callee = field(node, 'function') as PyNode
  const path = dotted(walk, callee)
  if (path) {
    visitPyDynamicImport(walk, [path.name, ...path.members].join('.'), node)
    referPython(walk, path, 'call', node)
  } else if (!visitSuper(walk, callee, 'call')) {
    const made = callee.type === 'attribute' ? callee.kids[0] : undefined
    const class_ = made?.type === 'call' ? dotted(walk, field(made, 'function') as PyNode) : undefined
    const attribute = callee.kids[1]
    if (class_ && attribute) referPython(walk, class_, 'call', node, [textOf(walk, attribute)])
    walk.visit(callee)
  }
  const rest = field(node, 'arguments')
  if (rest) walk.visit(rest)
}

/** `super().m`: looked up from the base classes on. */
function visitSuper(walk: PyWalk, node: PyNode, kind: 'call' | 'reference'): boolean {
  const [object, attribute] = node.kids
  const isSuper = node.type === 'attribute' && object?.type === 'call' && textOf(walk, object).startsWith('super(')
  if (!isSuper || attribute === undefined || walk.self === undefined) return false
  const target = { base: 'super' as const, index: walk.self.index, members: [textOf(walk, attribute)] }
  const place = { startLine: walk.line(node.start), endLine: walk.line(node.end) }
  walk.facts.uses.push({ kind, from: walk.symbol, target, ...place })
  return true
}

/** Annotations: names in them are types. Quoted annotations are read where they are a plain name. */
function visitType(walk: PyWalk, node: PyNode): void {
  const path = dotted(walk, node)
  if (path) referPython(walk, path, 'type', node)
  else if (node.type === 'string') {
    const quoted = quotedPath(walk, node)
    if (quoted) referPython(walk, quoted, 'type', node)
  } else for (const kid of node.kids) visitType(walk, kid)
}

/** Facts of a Python file. A file with syntax errors gives what could be read, and a note. */
export function extractPython(parser: PythonParser, text: string): FileFacts {
  const starts = lineStarts(text)
  const facts = emptyFacts('python', countLines(text, starts))
  const { module, error } = parser.parse(text)
  if (error !== undefined) {
    facts.notes.push({ code: 'syntax-error', detail: 'Invalid Python syntax', line: lineAt(starts, error) })
  }
  const walk: PyWalk = {
    text,
    facts,
    symbols: createSymbolTable(facts, text, starts, () => undefined),
    scope: createScope(undefined, true),
    classScopes: new Set(),
    symbol: -1,
    self: undefined,
    outer: new Set(),
    stars: [],
    typeOnly: false,
    line: (offset) => lineAt(starts, offset),
    visit: (node) => (visitors[node.type] ?? visitKids)(walk, node),
  }
  walk.visit(module)
  settleStars(walk)
  exportNames(walk, module)
  closeScope(walk.scope)
  return facts
}

/** Every name of a module can be imported from it; `__all__` says which ones are meant to. */
function exportNames(walk: PyWalk, module: PyNode): void {
  const all = module.kids
    .map((statement) => statement.kids[0])
    .find((node) => {
      const left = node?.type === 'assignment' ? field(node, 'left') : undefined
      return left !== undefined && textOf(walk, left) === '__all__'
    })
  const right = field(all, 'right')
  const listed =
    right && new Set([...textOf(walk, right).matchAll(/["'](\w+)["']/g)].map((found) => found[1] as string))
  for (const [name, { symbol, binding }] of walk.scope.values) {
    const fact = symbol === undefined ? undefined : walk.facts.symbols[symbol]
    if (fact && listed) fact.exported = listed.has(name)
    const what = symbol !== undefined ? { symbol } : binding !== undefined ? { binding } : undefined
    if (what) walk.facts.exports.push({ name, ...what, typeOnly: false, startLine: fact?.startLine ?? 1 })
  }
}
