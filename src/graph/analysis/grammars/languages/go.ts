import type { Spec } from '../spec.ts'

/** Go (The Go Programming Language Specification). Packages are folders; the linker looks names up in them. */
export const go: Spec = {
  grammar: 'go',
  separator: /\./,
  exported: (name) => /^\p{Lu}/u.test(name),
  imports(node) {
    const path = node.childForFieldName('path')?.text.slice(1, -1)
    const alias = node.childForFieldName('name')?.text
    if (path === undefined) return []
    return [{ request: path, ...(alias === '_' ? {} : { local: alias === '.' ? '*' : (alias ?? '') }) }]
  },
  query: `
    (package_clause (package_identifier) @package)
    (import_spec) @import
    (type_spec name: (type_identifier) @name type: (_) @body) @type
    (type_spec name: (type_identifier) @name type: (struct_type) @body) @class
    (type_spec name: (type_identifier) @name type: (interface_type) @body) @interface
    (type_alias name: (type_identifier) @name) @type
    (function_declaration name: (identifier) @name body: (block)? @body) @function
    (method_declaration receiver: (parameter_list (parameter_declaration type: (_) @owner))
      name: (field_identifier) @name body: (block)? @body) @method
    (method_elem name: (field_identifier) @name) @method
    (source_file (const_declaration (const_spec name: (identifier) @name) @variable))
    (source_file (var_declaration (var_spec name: (identifier) @name) @variable))
    (source_file (var_declaration (var_spec_list (var_spec name: (identifier) @name) @variable)))
    (type_elem [(type_identifier) (qualified_type)] @extends)
    (field_declaration !name type: [(type_identifier) (qualified_type) (pointer_type)] @extends)
    (field_declaration name: (field_identifier) @local type: (_) @localtype)
    (parameter_declaration name: (identifier) @local type: (_) @localtype)
    (var_spec name: (identifier) @local type: (_)? @localtype)
    (short_var_declaration left: (expression_list (identifier) @local))
    (short_var_declaration left: (expression_list . (identifier) @local .) right: (expression_list . (composite_literal type: (_) @localnew)))
    (short_var_declaration left: (expression_list . (identifier) @local .)
      right: (expression_list . (unary_expression operand: (composite_literal type: (_) @localnew))))
    (range_clause left: (expression_list (identifier) @local))
    (call_expression function: [(identifier) (selector_expression)] @callee) @call
    (composite_literal type: [(type_identifier) (qualified_type)] @callee) @new
    (parameter_declaration type: (_) @typeref)
    (field_declaration name: (_) type: (_) @typeref)
    (function_declaration result: [(type_identifier) (qualified_type) (pointer_type)] @typeref)
    (method_declaration result: [(type_identifier) (qualified_type) (pointer_type)] @typeref)
    (comment) @comment`,
}
