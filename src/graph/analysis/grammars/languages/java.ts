import type { Node } from 'web-tree-sitter'
import type { Spec } from '../spec.ts'
import { MANY } from '../spec.ts'

/** How many arguments a call gives. */
function argumentsOf(call: Node): number | undefined {
  return call.childForFieldName('arguments')?.namedChildren.filter((one) => one && !isComment(one)).length
}

/** How many arguments a method takes. */
function parametersOf(definition: Node): [number, number] | undefined {
  const list = definition.childForFieldName('parameters')?.namedChildren.filter((one) => one && !isComment(one))
  if (list === undefined) return undefined
  const taken = list.filter((one) => one?.type !== 'receiver_parameter').length
  return list.at(-1)?.type === 'spread_parameter' ? [taken - 1, MANY] : [taken, taken]
}

const isComment = ({ type }: Node) => type.endsWith('comment')

/** Java (The Java Language Specification, chapters 6 to 9). */
export const java: Spec = {
  grammar: 'java',
  separator: /\./,
  self: ['this'],
  base: ['super'],
  bareFields: true,
  methodsApart: true,
  givenArguments: argumentsOf,
  takenParameters: parametersOf,
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
    (catch_formal_parameter (catch_type) @localtype name: (identifier) @local)
    (resource type: (_) @localtype name: (identifier) @local)
    (instanceof_expression right: (_) @localtype name: (identifier) @local)
    [(block) (lambda_expression) (for_statement) (enhanced_for_statement) (try_with_resources_statement) (catch_clause) (constructor_body)
      (switch_block_statement_group)] @scope
    (object_creation_expression type: (_) @base (class_body) @anonymous)
    (lambda_expression parameters: (identifier) @local)
    (inferred_parameters (identifier) @local)
    (method_invocation object: (_) @callee name: (identifier) @method) @call
    (method_invocation !object name: (identifier) @callee) @call
    (object_creation_expression type: (_) @callee) @new
    (field_declaration type: (_) @typeref)
    (formal_parameter type: (_) @typeref)
    (method_declaration type: (_) @typeref)
    (local_variable_declaration type: (_) @typeref)
    (type_arguments [(type_identifier) (scoped_type_identifier)] @typeref)
    (type_bound [(type_identifier) (scoped_type_identifier)] @typeref)
    (cast_expression type: (_) @typeref)
    (instanceof_expression right: (_) @typeref)
    (class_literal (_) @typeref)
    (catch_type (_) @typeref)
    (throws (_) @typeref)
    (array_creation_expression type: (_) @typeref)
    (enhanced_for_statement type: (_) @typeref)
    (field_access object: [(identifier) (field_access)] @ref)
    (method_reference . (identifier) @ref)
    (marker_annotation name: (_) @typeref)
    (annotation name: (_) @typeref)
    [(line_comment) (block_comment)] @comment`,
}
