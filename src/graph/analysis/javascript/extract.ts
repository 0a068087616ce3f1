import { countLines, lineAt, lineStarts } from '../lines.ts'
import { closeScope, createScope } from '../scope.ts'
import { createDocFinder, createSymbolTable } from '../symbols.ts'
import type { FileFacts } from '../types.ts'
import { emptyFacts } from '../types.ts'
import type { Ast } from './ast.ts'
import { children, eachChild, parse } from './ast.ts'
import { classHandlers } from './classes.ts'
import { commonjsHandlers, commonjsNames, settleOwnExports } from './commonjs.ts'
import { expressionHandlers } from './expressions.ts'
import { functionHandlers, visitStatements } from './functions.ts'
import { lexicalFacts } from './lexical.ts'
import { exportedNames, exportImplicitly, moduleHandlers } from './modules.ts'
import { variableHandlers } from './variables.ts'
import type { Handlers, Walk } from './walk.ts'
import { addImport } from './walk.ts'

const handlers: Handlers = {
  ...expressionHandlers,
  ...functionHandlers,
  ...classHandlers,
  ...variableHandlers,
  ...moduleHandlers,
  ...commonjsHandlers(expressionHandlers.CallExpression as Handlers[string]),
}

/** Facts of a TypeScript or JavaScript file. A file with syntax errors gives what could be read, and a note. */
export function extractJavaScript(path: string, text: string, language: string): FileFacts {
  const starts = lineStarts(text)
  const facts = emptyFacts(language, countLines(text, starts))
  const parsed = parse(path, text)
  if (parsed.error) {
    const empty = children(parsed.program, 'body').length === 0
    const line = lineAt(starts, parsed.error.start)
    facts.notes.push({ code: empty ? 'unparsable' : 'syntax-error', detail: parsed.error.message.slice(0, 200), line })
    if (empty) return { ...lexicalFacts(text, language), notes: facts.notes }
  }
  const docs = createDocFinder(text, starts, parsed.comments)
  const walk: Walk = {
    path,
    text,
    starts,
    facts,
    scope: createScope(undefined, true),
    symbol: -1,
    self: undefined,
    exportedNames: new Set([...exportedNames(parsed.program), ...commonjsNames(parsed.program)]),
    localExports: [],
    exportStart: undefined,
    hoisted: new Map(),
    overloads: new Set(),
    symbols: createSymbolTable(facts, text, starts, docs),
    line: (offset) => lineAt(starts, offset),
    visit: (node) => {
      const handler = handlers[node.type]
      if (handler) handler(walk, node)
      else eachChild(node, walk.visit)
    },
    visitChildren: (node) => eachChild(node, walk.visit),
  }
  readDirectives(walk, parsed.comments, parsed.program)
  if (/\.d\.[cm]?ts$/.test(path)) exportImplicitly(walk, parsed.program)
  visitStatements(walk, children(parsed.program, 'body'))
  settleExports(walk)
  settleOwnExports(walk)
  closeScope(walk.scope)
  return facts
}

/** `/// <reference path="..." />` before the first statement. */
function readDirectives(
  walk: Walk,
  comments: { type: string; value: string; start: number; end: number }[],
  program: Ast,
): void {
  const first = children(program, 'body')[0]?.start ?? Number.POSITIVE_INFINITY
  for (const comment of comments) {
    if (comment.start > first) break
    const found = comment.type === 'Line' && /^\/\s*<reference\s+path\s*=\s*["']([^"']+)["']/.exec(comment.value)
    if (!found) continue
    const request = found[1] as string
    const relative = request.startsWith('.') || request.startsWith('/') ? request : `./${request}`
    addImport(walk, comment, { request: relative, form: 'reference', typeOnly: true, dynamic: false })
  }
}

/** Turns exports of local names into what the names stand for. */
function settleExports(walk: Walk): void {
  const done = new Set<string>()
  for (const { name, local, typeOnly, startLine } of walk.localExports) {
    if (done.has(`${name}=${local}`)) continue
    done.add(`${name}=${local}`)
    const value = walk.scope.values.get(local)
    const type = walk.scope.types.get(local)
    const binding = value?.binding ?? type?.binding
    walk.facts.exports.push({
      name,
      typeOnly,
      startLine,
      ...(value?.symbol === undefined ? {} : { symbol: value.symbol }),
      ...(type?.symbol === undefined ? {} : { typeSymbol: type.symbol }),
      ...(binding === undefined ? {} : { binding }),
    })
  }
}
