import type { Spec } from '../spec.ts'

/** Java (The Java Language Specification, chapters 6 to 9). */
export const java: Spec = {
  grammar: 'java',
  separator: /\./,
  self: ['this'],
  base: ['super'],
  exported: (_name, head) => !/\bprivate\b/.test(head),
  isStatic: (head) => /^(?:@\w+(?:\([^)]*\))?\s+|\w+\s+)*?static\b/.test(head),
  imports(node) {
    const name = node.namedChild(0)?.text.replace(/\s+/g, '')
    if (name === undefined) return []
    const isStatic = /^import\s+static\b/.test(node.text)
    const local = /\.\s*\*\s*;?$/.test(node.text) ? '*' : name.slice(name.lastIndexOf('.') + 1)
    return [{ request: name, local, ...(isStatic ? { names: ['static'] } : {}) }]
  },
  query: `
    (package_declaration (_) @package)
    (import_declaration) @import
    (class_declaration name: (identifier) @name body: (_) @body) @class
    (record_declaration name: (identifier) @name body: (_) @body) @class
    (interface_declaration name: (identifier) @name body: (_) @body) @interface
    (annotation_type_declaration name: (identifier) @name body: (_) @body) @interface
    (enum_declaration name: (identifier) @name body: (_) @body) @enum
    (method_declaration name: (identifier) @name body: (_)? @body) @method
    (annotation_type_element_declaration name: (identifier) @name) @method
    (compact_constructor_declaration name: (identifier) @name body: (_) @body) @method
    (constructor_declaration name: (identifier) @name body: (_) @body) @method
    (superclass (_) @extends)
    (super_interfaces (type_list (_) @implements))
    (extends_interfaces (type_list (_) @extends))
    (field_declaration type: (_) @localtype declarator: (variable_declarator name: (identifier) @local))
    (formal_parameter type: (_) @localtype name: (identifier) @local)
    (local_variable_declaration type: (_) @localtype declarator: (variable_declarator name: (identifier) @local))
    (local_variable_declaration declarator: (variable_declarator name: (identifier) @local value: (object_creation_expression type: (_) @localnew)))
    (enhanced_for_statement type: (_) @localtype name: (identifier) @local)
    (lambda_expression parameters: (identifier) @local)
    (inferred_parameters (identifier) @local)
    (method_invocation object: (_) @callee name: (identifier) @method) @call
    (method_invocation !object name: (identifier) @callee) @call
    (object_creation_expression type: (_) @callee) @new
    (field_declaration type: (_) @typeref)
    (formal_parameter type: (_) @typeref)
    (method_declaration type: (_) @typeref)
    (marker_annotation name: (_) @typeref)
    (annotation name: (_) @typeref)
    [(line_comment) (block_comment)] @comment`,
}
