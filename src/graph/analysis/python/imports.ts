import { declare } from '../scope.ts'
import type { ImportFact } from '../types.ts'
import type { PyNode } from './parse.ts'
import { field, fields } from './parse.ts'
import type { PyWalk } from './walk.ts'
import { textOf } from './walk.ts'

function addImport(walk: PyWalk, node: PyNode, fact: Pick<ImportFact, 'request'> & Partial<ImportFact>): number {
  walk.facts.imports.push({
    form: 'python',
    typeOnly: walk.typeOnly,
    dynamic: false,
    startLine: walk.line(node.start),
    endLine: walk.line(node.end),
    ...fact,
  })
  return walk.facts.imports.length - 1
}

function bind(walk: PyWalk, index: number, imported: string, local: string): void {
  walk.facts.bindings.push({ import: index, imported, typeOnly: walk.typeOnly })
  declare(walk.scope, local, 'both', { binding: walk.facts.bindings.length - 1 })
}

/** `import a.b`, `import a.b as c`: the first binds `a`, the second the module itself. */
export function visitPyImport(walk: PyWalk, node: PyNode): void {
  for (const item of fields(node, 'name')) {
    const name = item.type === 'aliased_import' ? field(item, 'name') : item
    const alias = field(item, 'alias')
    if (name === undefined) continue
    const request = textOf(walk, name)
    const index = addImport(walk, node, { request })
    if (alias) bind(walk, index, '*', textOf(walk, alias))
    else bind(walk, index, request.includes('.') ? '*root' : '*', request.split('.')[0] as string)
  }
}

/** `from ..a import b as c, d`; with `*` every name of the module. */
export function visitPyFrom(walk: PyWalk, node: PyNode): void {
  const module = field(node, 'module_name')
  const written = module ? textOf(walk, module).replace(/\s+/g, '') : '__future__'
  const level = /^\.*/.exec(written)?.[0].length ?? 0
  const request = written.slice(level)
  const items = fields(node, 'name').map((item) => {
    const name = item.type === 'aliased_import' ? field(item, 'name') : item
    const alias = field(item, 'alias')
    const imported = name ? textOf(walk, name) : ''
    return { imported, local: alias ? textOf(walk, alias) : imported }
  })
  const names = items.map(({ imported }) => imported)
  const index = addImport(walk, node, { request, level, names })
  for (const { imported, local } of items) bind(walk, index, imported, local)
  if (!node.kids.some((kid) => kid.type === 'wildcard_import')) return
  walk.facts.bindings.push({ import: index, imported: '*', typeOnly: walk.typeOnly })
  walk.stars.push(walk.facts.bindings.length - 1)
  if (walk.scope.parent === undefined) {
    const startLine = walk.line(node.start)
    walk.facts.exports.push({ name: '*', import: index, imported: '*', typeOnly: walk.typeOnly, startLine })
  }
}

/** `importlib.import_module("a.b")` and `__import__("a.b")`. */
export function visitPyDynamicImport(walk: PyWalk, callee: string, call: PyNode): void {
  if (callee !== '__import__' && callee !== 'importlib.import_module' && callee !== 'import_module') return
  const first = field(call, 'arguments')?.kids[0]
  const content = first?.type === 'string' && first.kids.length === 3 ? first.kids[1] : undefined
  if (content?.type !== 'string_content') return
  const written = textOf(walk, content)
  if (!/^[A-Za-z_][\w.]*$/.test(written)) return
  addImport(walk, call, { request: written, dynamic: true })
}
