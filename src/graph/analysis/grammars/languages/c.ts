import type { Node } from 'web-tree-sitter'
import type { ImportItem, Spec } from '../spec.ts'

/** `"x.h"` is looked for beside the file first (level 1), `<x.h>` is not. */
function include(node: Node): ImportItem[] {
  const written = node.childForFieldName('path')?.text ?? ''
  if (!/^["<]/.test(written)) return []
  return [{ request: written.slice(1, -1), level: written.startsWith('"') ? 1 : 0 }]
}

const declarators = (name: string) => `[
  (function_declarator declarator: ${name})
  (pointer_declarator declarator: (function_declarator declarator: ${name}))
  (pointer_declarator declarator: (pointer_declarator declarator: (function_declarator declarator: ${name})))
  (reference_declarator (function_declarator declarator: ${name}))]`

const variables = (name: string) => `[
  ${name} (pointer_declarator declarator: ${name}) (reference_declarator ${name})
  (init_declarator declarator: ${name}) (init_declarator declarator: (pointer_declarator declarator: ${name}))
  (init_declarator declarator: (reference_declarator ${name}))]`

/** C and C++, both by the C++ grammar (ISO C++, [basic.lookup]). What macros make is not seen. */
export const c: Spec = {
  grammar: 'cpp',
  separator: /::|->|\./,
  self: ['this'],
  exported: (_name, head) => !/^(?:inline\s+)?static\b/.test(head),
  isStatic: (head) => /^static\b/.test(head),
  imports: include,
  query: `
    (preproc_include) @import
    (namespace_definition name: (_) @name body: (_) @body) @namespace
    (struct_specifier name: (type_identifier) @name body: (_) @body) @class
    (class_specifier name: (type_identifier) @name body: (_) @body) @class
    (union_specifier name: (type_identifier) @name body: (_) @body) @class
    (enum_specifier name: (type_identifier) @name body: (_) @body) @enum
    (type_definition declarator: (type_identifier) @name) @type
    (type_definition type: (struct_specifier body: (_) @body) declarator: (type_identifier) @name) @class
    (alias_declaration name: (type_identifier) @name) @type
    (function_definition declarator: ${declarators('[(identifier) (field_identifier) (destructor_name)] @name')} body: (_)? @body) @function
    (function_definition declarator: ${declarators('(qualified_identifier scope: (_) @owner name: [(identifier) (destructor_name)] @name)')} body: (_)? @body) @function
    (function_definition declarator: ${declarators('(qualified_identifier name: (qualified_identifier scope: (_) @owner name: [(identifier) (destructor_name)] @name))')} body: (_)? @body) @function
    (declaration declarator: ${declarators('(identifier) @name @declaration')}) @function
    (field_declaration declarator: ${declarators('(field_identifier) @name @declaration')}) @method
    (translation_unit (declaration declarator: ${variables('(identifier) @name')}) @variable)
    (preproc_def name: (identifier) @name value: (_)) @variable
    (preproc_function_def name: (identifier) @name) @function
    (base_class_clause [(type_identifier) (qualified_identifier) (template_type)] @extends)
    (parameter_declaration type: (_) @localtype declarator: ${variables('(identifier) @local')})
    (declaration type: (_) @localtype declarator: ${variables('(identifier) @local')})
    (field_declaration type: (_) @localtype declarator: [(field_identifier) @local (pointer_declarator declarator: (field_identifier) @local)])
    (call_expression function: [(identifier) (qualified_identifier) (field_expression) (template_function)] @callee) @call
    (new_expression type: (_) @callee) @new
    (parameter_declaration type: [(type_identifier) (qualified_identifier) (struct_specifier)] @typeref)
    (field_declaration type: [(type_identifier) (qualified_identifier)] @typeref)
    (comment) @comment`,
}
