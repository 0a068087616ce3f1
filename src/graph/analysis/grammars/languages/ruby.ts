import type { Spec } from '../spec.ts'

/** Ruby. Constants are found by nesting; which file defines them is a matter of what has been loaded. */
export const ruby: Spec = {
  grammar: 'ruby',
  separator: /::|&?\./,
  self: ['self'],
  assigned: true,
  maker: 'new',
  exported: () => true,
  isStatic: (head) => /^def\s+self\./.test(head),
  imports(node) {
    const method = node.childForFieldName('method')?.text
    const strings = node.childForFieldName('arguments')?.namedChildren.filter((kid) => kid?.type === 'string') ?? []
    const text = strings[0]?.text.slice(1, -1)
    if (text === undefined || text === '' || text.includes('#{')) return []
    return [{ request: text, level: method === 'require_relative' ? 1 : 0, dynamic: method === 'autoload' }]
  },
  query: `
    ((call !receiver method: (identifier) @_require) @import (#match? @_require "^(require|require_relative|load|autoload)$"))
    (module name: (_) @name body: (_)? @body) @namespace
    (class name: (_) @name body: (_)? @body) @class
    (method name: (_) @name body: (_)? @body) @function
    (singleton_method name: (_) @name body: (_)? @body) @method
    (program (assignment left: (constant) @name) @variable)
    (body_statement (assignment left: (constant) @name) @variable)
    (superclass (_) @extends)
    ((call !receiver method: (identifier) @_mixin arguments: (argument_list [(constant) (scope_resolution)] @extends))
      (#match? @_mixin "^(include|extend|prepend)$"))
    (method_parameters (identifier) @local)
    (block_parameters (identifier) @local)
    (assignment left: (identifier) @local)
    ((assignment left: (identifier) @local right: (call receiver: [(constant) (scope_resolution)] @localnew method: (identifier) @_new))
      (#eq? @_new "new"))
    (call receiver: (_) @callee method: (identifier) @method) @call
    (call !receiver method: (identifier) @callee) @call
    (comment) @comment`,
}
