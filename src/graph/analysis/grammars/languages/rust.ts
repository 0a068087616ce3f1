import type { Node } from 'web-tree-sitter'
import type { ImportItem, Spec } from '../spec.ts'

/** A use tree (The Rust Reference, "Use declarations") as one item for each name. */
function useTree(node: Node, prefix: string): ImportItem[] {
  const join = (path: string | undefined) => (path === undefined ? prefix : prefix === '' ? path : `${prefix}::${path}`)
  const text = node.text.replace(/\s+/g, '')
  switch (node.type) {
    case 'scoped_use_list': {
      const inner = join(node.childForFieldName('path')?.text)
      return (node.childForFieldName('list')?.namedChildren ?? []).flatMap((kid) => (kid ? useTree(kid, inner) : []))
    }
    case 'use_list':
      return node.namedChildren.flatMap((kid) => (kid ? useTree(kid, prefix) : []))
    case 'use_as_clause': {
      const alias = node.childForFieldName('alias')?.text
      return [
        { request: join(node.childForFieldName('path')?.text), ...(alias && alias !== '_' ? { local: alias } : {}) },
      ]
    }
    case 'use_wildcard':
      return [{ request: join(node.namedChild(0)?.text), local: '*' }]
    case 'self':
      return [{ request: prefix === '' ? 'self' : prefix, local: prefix.slice(prefix.lastIndexOf(':') + 1) }]
    default:
      return [{ request: join(text), local: text.slice(text.lastIndexOf(':') + 1) }]
  }
}

/** The file that `#[path = "..."]` gives a module, among whatever else stands before it. */
function pathAttribute(module: Node): string | undefined {
  for (let at = module.previousNamedSibling; at && /^(?:attribute_item|.*comment)$/.test(at.type); ) {
    const path = /^#\[\s*path\s*=\s*"([^"]+)"\s*\]$/.exec(at.text)?.[1]
    if (path !== undefined) return path
    at = at.previousNamedSibling
  }
  return undefined
}

/** Macros of the standard library whose arguments are expressions. */
const EXPRESSIONS =
  /\b((?:debug_)?assert(?:_eq|_ne)?|e?print(?:ln)?|write(?:ln)?|format(?:_args)?|panic|unreachable|todo|unimplemented|dbg)!(?=\s*\()/g

/** Calls of such macros as calls of functions: the grammar does not read into the arguments of macros. */
function readableMacros(text: string): string {
  return text.replace(EXPRESSIONS, '$1 ').replace(/\bvec!(?=\s*\[)/g, '    ')
}

/** Rust (The Rust Reference). Modules are files by `mod`; the linker builds their tree. */
export const rust: Spec = {
  grammar: 'rust',
  prepare: readableMacros,
  separator: /::|\./,
  self: ['self', 'Self'],
  // `self::x` is a name in this module, `self.x` a member.
  rewrite: (text) => text.replace(/^self::/, '@self::'),
  exported: (_name, head) => /^pub\b/.test(head),
  scopedImports: true,
  imports(node) {
    if (node.type === 'mod_item') {
      const name = node.childForFieldName('name')?.text.replace(/^r#/, '')
      const path = pathAttribute(node)
      return name === undefined
        ? []
        : [{ request: name, local: name, names: path === undefined ? ['mod'] : ['mod', path] }]
    }
    if (node.type === 'extern_crate_declaration') {
      const name = node.childForFieldName('name')?.text
      return name === undefined ? [] : [{ request: name, local: node.childForFieldName('alias')?.text ?? name }]
    }
    const argument = node.childForFieldName('argument')
    const isPublic = /^pub\b/.test(node.text)
    return argument ? useTree(argument, '').map((item) => (isPublic ? { ...item, names: ['pub'] } : item)) : []
  },
  query: `
    (use_declaration) @import
    (extern_crate_declaration) @import
    (mod_item !body) @import
    (mod_item name: (identifier) @name body: (_) @body) @namespace
    (struct_item name: (type_identifier) @name body: (_)? @body) @class
    (union_item name: (type_identifier) @name body: (_) @body) @class
    (enum_item name: (type_identifier) @name body: (_) @body) @enum
    (trait_item name: (type_identifier) @name body: (_) @body) @interface
    (type_item name: (type_identifier) @name) @type
    (associated_type name: (type_identifier) @name) @type
    (function_item name: (identifier) @name body: (_) @body) @function
    (function_signature_item name: (identifier) @name) @function
    (impl_item type: (_) @owner body: (declaration_list (function_item name: (identifier) @name body: (_) @body) @method))
    (impl_item trait: (_) @implements type: (_) @of)
    (const_item name: (identifier) @name) @variable
    (static_item name: (identifier) @name) @variable
    (macro_definition name: (identifier) @name) @function
    (trait_bounds [(type_identifier) (scoped_type_identifier)] @extends)
    (field_declaration name: (field_identifier) @local type: (_) @localtype)
    (parameter pattern: (identifier) @local type: (_) @localtype)
    (let_declaration pattern: (identifier) @local type: (_)? @localtype) @after
    ((let_declaration pattern: (identifier) @local
      value: (call_expression function: (scoped_identifier path: (_) @localtype name: (identifier) @_new))) @after
      (#match? @_new "^(new|default|from|with_[a-z_]+)$"))
    (let_declaration pattern: (identifier) @local value: (struct_expression name: (_) @localnew)) @after
    [(block) (closure_expression) (match_arm) (for_expression)] @scope
    (for_expression pattern: (identifier) @local)
    (closure_parameters (identifier) @local)
    (call_expression function: [(identifier) (scoped_identifier) (field_expression) (generic_function)] @callee) @call
    (macro_invocation macro: (_) @callee) @call
    (struct_expression name: (_) @callee) @new
    (parameter type: (_) @typeref)
    (field_declaration type: (_) @typeref)
    (function_item return_type: (_) @typeref)
    [(line_comment) (block_comment)] @comment
    (attribute_item) @attribute`,
}
