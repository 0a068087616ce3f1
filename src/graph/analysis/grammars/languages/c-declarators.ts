import type { Node } from 'web-tree-sitter'
import type { DeclaredName } from '../spec.ts'

/** What a declarator may be wrapped in, by what that makes of the name. */
const WRAPPERS: Record<string, 'function' | 'variable' | undefined> = {
  function_declarator: 'function',
  abstract_function_declarator: 'function',
  pointer_declarator: 'variable',
  pointer_type_declarator: 'variable',
  reference_declarator: 'variable',
  array_declarator: 'variable',
  init_declarator: undefined,
  parenthesized_declarator: undefined,
  attributed_declarator: undefined,
  template_function: undefined,
}

const NAMES = new Set(['identifier', 'field_identifier', 'type_identifier', 'destructor_name', 'operator_name'])

/** Contexts whose declarations are seen by the whole file. */
const OPEN = new Set([
  'translation_unit',
  'declaration_list',
  'namespace_definition',
  'linkage_specification',
  'template_declaration',
  'preproc_if',
  'preproc_ifdef',
  'preproc_else',
  'preproc_elif',
  'preproc_elifdef',
])

/** The name in a declarator, with the classes written before it (ISO C++, [dcl.decl]): what is nearest to the name says what it is. */
export function declared(declarator: Node): DeclaredName | undefined {
  const owner: string[] = []
  let kind: 'function' | 'variable' = 'variable'
  for (let node: Node | null = declarator; node; ) {
    if (NAMES.has(node.type)) return { name: node.text, at: node, kind, ...(owner.length > 0 ? { owner } : {}) }
    if (node.type === 'operator_cast')
      return {
        name: `operator ${node.childForFieldName('type')?.text ?? ''}`,
        at: node,
        kind: 'function',
        ...(owner.length > 0 ? { owner } : {}),
      }
    if (node.type === 'qualified_identifier') {
      const scope = node.childForFieldName('scope')
      // A macro before a type is read as `Type (missing ::) *name`.
      const isReal = node.children.some((kid) => kid?.type === '::' && !kid.isMissing)
      if (scope && isReal) owner.push(scope.text)
      node = node.childForFieldName('name')
      continue
    }
    if (!(node.type in WRAPPERS)) return undefined
    kind = WRAPPERS[node.type] ?? kind
    node = node.childForFieldName('declarator') ?? node.childForFieldName('name') ?? node.namedChild(0)
  }
  return undefined
}

/** Whether a declaration stands outside of all functions and classes. */
export function isOpen(declaration: Node): boolean {
  for (let node = declaration.parent; node; node = node.parent) {
    if (node.type === 'translation_unit') return true
    if (!OPEN.has(node.type)) return false
  }
  return true
}

/** What may stand between the body of a class and a declaration in it. */
const INSIDE = new Set(['template_declaration', 'preproc_if', 'preproc_ifdef', 'preproc_else', 'preproc_elif'])

/** Whether a declaration is one of a class. */
export function isMember(declaration: Node): boolean {
  let node = declaration.parent
  while (node && INSIDE.has(node.type)) node = node.parent
  return node?.type === 'field_declaration_list'
}

/** The name that a struct, union or enum has beside the one that a `typedef` gives it. */
export function tagOf(definition: Node): string | undefined {
  return definition.childForFieldName('type')?.childForFieldName('name')?.text
}
