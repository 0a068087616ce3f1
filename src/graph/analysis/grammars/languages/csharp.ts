import type { Node } from 'web-tree-sitter'
import type { Spec } from '../spec.ts'
import { MANY } from '../spec.ts'

/** How many arguments a method takes; the first of an extension is what it is called on. */
function parametersOf(definition: Node): [number, number] | undefined {
  const list = definition.childForFieldName('parameters')
  if (list === null) return undefined
  const all = list.namedChildren.filter((one) => one?.type === 'parameter')
  if (/^\(\s*(?:\[[^\]]*\]\s*)*this\b/.test(list.text)) return undefined
  if (/\bparams\b/.test(list.text)) return [all.length, MANY]
  return [all.filter((one) => !one?.text.includes('=')).length, all.length]
}

/** C# (C# language specification, "Namespaces", "Classes"). */
export const csharp: Spec = {
  grammar: 'c-sharp',
  separator: /\.|::/,
  self: ['this'],
  base: ['base'],
  bareFields: true,
  givenArguments: (call) =>
    call.childForFieldName('arguments')?.namedChildren.filter((one) => one?.type === 'argument').length,
  takenParameters: parametersOf,
  exported: (_name, head) => /\b(?:public|protected|internal)\b/.test(head),
  isStatic: (head) => /^(?:\[[^\]]*\]\s*)*(?:\w+\s+)*?static\b/.test(head),
  declared: (name) => ({ name: `~${name.text}`, at: name, kind: 'method' }),
  imports(node) {
    const alias = node.childForFieldName('name')
    const name = node.namedChildren.find((kid) => kid && kid.id !== alias?.id)?.text.replace(/\s+/g, '')
    if (name === undefined) return []
    const isStatic = /^(?:global\s+)?using\s+static\b/.test(node.text)
    return [{ request: name, local: alias?.text ?? '*', ...(isStatic ? { names: ['static'] } : {}) }]
  },
  query: `
    (file_scoped_namespace_declaration name: (_) @package)
    (using_directive) @import
    (namespace_declaration name: (_) @name body: (_) @body) @namespace
    (class_declaration name: (identifier) @name body: (_)? @body) @class
    (struct_declaration name: (identifier) @name body: (_)? @body) @class
    (record_declaration name: (identifier) @name body: (_)? @body) @class
    (interface_declaration name: (identifier) @name body: (_)? @body) @interface
    (enum_declaration name: (identifier) @name body: (_)? @body) @enum
    (delegate_declaration name: (identifier) @name) @type
    (method_declaration name: (identifier) @name body: (_)? @body) @method
    (constructor_declaration name: (identifier) @name body: (_)? @body) @method
    (destructor_declaration name: (identifier) @declarator body: (_)? @body) @method
    (local_function_statement name: (identifier) @name body: (_)? @body) @function
    (property_declaration name: (identifier) @name) @variable
    (base_list [(identifier) (generic_name) (qualified_name)] @extends)
    (parameter type: (_) @localtype name: (identifier) @local)
    (property_declaration type: (_) @localtype name: (identifier) @local)
    (variable_declaration type: (_) @localtype (variable_declarator name: (identifier) @local))
    (variable_declaration (variable_declarator name: (identifier) @local (object_creation_expression type: (_) @localnew)))
    (foreach_statement type: (_) @localtype left: (identifier) @local)
    [(block) (for_statement) (foreach_statement) (lambda_expression) (using_statement) (catch_clause) (switch_section)
      (anonymous_method_expression)] @scope
    (declaration_pattern type: (_) @localtype name: (identifier) @local)
    (declaration_pattern type: (_) @typeref)
    (is_expression right: (_) @typeref)
    (cast_expression type: (_) @typeref)
    (as_expression right: (_) @typeref)
    (typeof_expression type: (_) @typeref)
    (type_argument_list [(identifier) (qualified_name) (generic_name)] @typeref)
    (local_declaration_statement (variable_declaration type: (_) @typeref))
    (catch_declaration type: (_) @typeref)
    (array_type type: (_) @typeref)
    (object_creation_expression type: (generic_name) @typeref)
    (member_access_expression expression: [(identifier) (member_access_expression)] @ref)
    (invocation_expression function: [(identifier) (member_access_expression) (generic_name)] @callee) @call
    (object_creation_expression type: (_) @callee) @new
    (parameter type: (_) @typeref)
    (property_declaration type: (_) @typeref)
    (field_declaration (variable_declaration type: (_) @typeref))
    (method_declaration returns: (_) @typeref)
    (attribute name: (_) @typeref)
    (comment) @comment`,
}
