import type { Node } from 'web-tree-sitter'
import type { ImportItem, Spec } from '../spec.ts'

function useItems(node: Node): ImportItem[] {
  const group = node.childForFieldName('body')
  const prefix = group ? `${node.namedChild(0)?.text ?? ''}\\` : ''
  const kind = /^use\s+(function|const)\b/.exec(node.text)?.[1]
  return (group ?? node).namedChildren.flatMap((clause) => {
    if (clause?.type !== 'namespace_use_clause') return []
    const name = `${prefix}${clause.namedChild(0)?.text ?? ''}`.replace(/^\\/, '')
    const local = clause.childForFieldName('alias')?.text ?? name.slice(name.lastIndexOf('\\') + 1)
    return [{ request: name, local, ...(kind ? { names: [kind] } : {}) }]
  })
}

/** `require __DIR__ . '/x.php'` (level 1: beside the file) and `require 'x.php'`. */
function included(node: Node): ImportItem[] {
  const found = /^\w+\s*\(?\s*(__DIR__\s*\.\s*|dirname\(__FILE__\)\s*\.\s*)?(["'])([^"'$]+)\2\s*\)?$/.exec(node.text)
  return found ? [{ request: (found[3] as string).replace(/^\//, found[1] ? '' : '/'), level: 1, names: ['file'] }] : []
}

/** PHP (PHP Manual, "Namespaces: name resolution rules"). */
export const php: Spec = {
  grammar: 'php',
  separator: /\??->|::|\\/,
  self: ['this', 'self', 'static'],
  base: ['parent'],
  assigned: true,
  plain: (name) => (name === '$this' ? 'this' : name),
  exported: (_name, head) => !/\b(?:private|protected)\b/.test(head),
  isStatic: (head) => /\bstatic\b/.test(head),
  imports: (node) => (node.type === 'namespace_use_declaration' ? useItems(node) : included(node)),
  query: `
    (namespace_definition name: (_) @package)
    (namespace_use_declaration) @import
    [(require_expression) (require_once_expression) (include_expression) (include_once_expression)] @import
    (class_declaration name: (name) @name body: (_) @body) @class
    (trait_declaration name: (name) @name body: (_) @body) @class
    (interface_declaration name: (name) @name body: (_) @body) @interface
    (enum_declaration name: (name) @name body: (_) @body) @enum
    (function_definition name: (name) @name body: (_) @body) @function
    (method_declaration name: (name) @name body: (_)? @body) @method
    (program (const_declaration (const_element . (name) @name) @variable))
    (class_declaration (base_clause (_) @extends))
    (interface_declaration (base_clause (_) @extends))
    (class_interface_clause (_) @implements)
    (declaration_list (use_declaration [(name) (qualified_name)] @extends))
    (property_declaration type: (_) @localtype (property_element name: (variable_name) @local))
    (simple_parameter type: (_) @localtype name: (variable_name) @local)
    (assignment_expression left: (variable_name) @local right: (object_creation_expression [(name) (qualified_name)] @localnew))
    (assignment_expression left: (variable_name) @local)
    (foreach_statement (variable_name) @local)
    (function_call_expression function: [(name) (qualified_name)] @callee) @call
    (member_call_expression object: (_) @callee name: (name) @method) @call
    (nullsafe_member_call_expression object: (_) @callee name: (name) @method) @call
    (scoped_call_expression scope: (_) @callee name: (name) @method) @call
    (object_creation_expression [(name) (qualified_name)] @callee) @new
    (simple_parameter type: (_) @typeref)
    (property_declaration type: (_) @typeref)
    (method_declaration return_type: (_) @typeref)
    (class_constant_access_expression . [(name) (qualified_name)] @typeref)
    (comment) @comment
    (attribute_list) @attribute`,
}
