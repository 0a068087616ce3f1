import type { Spec } from '../spec.ts'

/** A sourced path without the folder in front of it that is computed: `$(dirname "$0")/x`, `$DIR/x`, `${BASH_SOURCE%/*}/x`. */
function sourced(argument: string): { path: string; computed: boolean } | undefined {
  const text = argument.replace(/^["']|["']$/g, '')
  const path = text.replace(/^(?:\$\([^)]*(?:\([^)]*\))?[^)]*\)|\$\{[^}]*\}|\$\w+)\//, '')
  return /[$`*]/.test(path) || path === '' ? undefined : { path, computed: path !== text }
}

/** Shell scripts: functions, and the scripts they source. */
export const bash: Spec = {
  grammar: 'bash',
  separator: /\n/,
  split: /^\}[^\n]*\n/gm,
  exported: () => true,
  imports(node) {
    const argument = node.childForFieldName('argument')?.text
    const found = argument === undefined ? undefined : sourced(argument)
    return found ? [{ request: found.path, level: found.computed ? 1 : 0 }] : []
  },
  query: `
    ((command name: (command_name (word) @_source)) @import (#match? @_source "^(source|\\\\.)$"))
    (function_definition name: (word) @name body: (_) @body) @function
    (command name: (command_name (word) @callee)) @call
    (comment) @comment`,
}
