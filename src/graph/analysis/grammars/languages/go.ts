import type { Spec } from '../spec.ts'

/** The condition under which a file is built: the `//go:build` line before its package, or what stands for it in older files. */
function buildConstraint(text: string): string | undefined {
  const head = text.slice(0, /^package\s/m.exec(text)?.index ?? 0)
  const written = /^\/\/go:build\s+(.+)$/m.exec(head)?.[1]
  if (written !== undefined) return written.trim()
  const lines = [...head.matchAll(/^\/\/\s*\+build\s+(.+)$/gm)].map(([, line = '']) =>
    line
      .trim()
      .split(/\s+/)
      .map((option) => option.split(',').join(' && '))
      .map((option) => `(${option})`)
      .join(' || '),
  )
  return lines.length === 0 ? undefined : lines.map((line) => `(${line})`).join(' && ')
}

/** Go (The Go Programming Language Specification). Packages are folders; the linker looks names up in them. */
export const go: Spec = {
  grammar: 'go',
  separator: /\./,
  constraint: buildConstraint,
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
    (type_spec type: (struct_type (field_declaration_list (field_declaration name: (field_identifier) @local type: (_) @localtype))))
    (parameter_declaration name: (identifier) @local type: (_) @localtype)
    (var_spec name: (identifier) @local type: (_)? @localtype) @after
    (short_var_declaration left: (expression_list (identifier) @local)) @after
    (short_var_declaration left: (expression_list . (identifier) @local .) right: (expression_list . (composite_literal type: (_) @localnew))) @after
    (short_var_declaration left: (expression_list . (identifier) @local .)
      right: (expression_list . (unary_expression operand: (composite_literal type: (_) @localnew)))) @after
    (range_clause left: (expression_list (identifier) @local)) @after
    (type_switch_statement alias: (expression_list (identifier) @local))
    (receive_statement left: (expression_list (identifier) @local)) @after
    [(block) (func_literal) (if_statement) (for_statement) (expression_switch_statement) (type_switch_statement)
      (expression_case) (type_case) (default_case) (communication_case)] @scope
    (selector_expression operand: (identifier)) @ref
    (qualified_type) @typeref
    (call_expression function: [(identifier) (selector_expression)] @callee) @call
    (composite_literal type: [(type_identifier) (qualified_type)] @callee) @new
    (parameter_declaration type: (_) @typeref)
    (field_declaration name: (_) type: (_) @typeref)
    (function_declaration result: [(type_identifier) (qualified_type) (pointer_type)] @typeref)
    (method_declaration result: [(type_identifier) (qualified_type) (pointer_type)] @typeref)
    (comment) @comment`,
}
