import type { Spec } from '../spec.ts'

/** A folder in front of a path that is that of the script itself: `$(dirname "$0")/`, `${BASH_SOURCE%/*}/`, `${0%/*}/`. */
const OWN = /^(?:\$\(\s*dirname\b[^)]*(?:\([^)]*\))?[^)]*\)|\$\{(?:BASH_SOURCE(?:\[0\])?|0)%\/\*\})\//
/** Any other that is computed. */
const COMPUTED = /^(?:\$\([^)]*(?:\([^)]*\))?[^)]*\)|\$\{[^}]*\}|\$\w+)\//

/** A sourced path without the folder in front of it that is computed; level 1 where that is the script's own, 2 where it may be any. */
function sourced(argument: string): { request: string; level: number } | undefined {
  const text = argument.replace(/^["']|["']$/g, '').replace(/^\$(?:HOME|\{HOME\})\//, '~/')
  const level = OWN.test(text) ? 1 : COMPUTED.test(text) ? 2 : 0
  const request = text.replace(level === 1 ? OWN : COMPUTED, '')
  return /[$`*<>()]/.test(request) || request === '' ? undefined : { request, level }
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
    return found ? [found] : []
  },
  query: `
    ((command name: (command_name (word) @_source)) @import (#match? @_source "^(source|\\\\.)$"))
    (function_definition name: (word) @name body: (_) @body) @function
    (command name: (command_name (word) @callee)) @call
    (comment) @comment`,
}
