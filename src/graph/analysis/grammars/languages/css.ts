import type { Spec } from '../spec.ts'

/** CSS: which style sheets it imports (CSS Cascading and Inheritance, "@import"). */
export const css: Spec = {
  grammar: 'css',
  separator: /\n/,
  exported: () => true,
  imports(node) {
    const found = /^@import\s+(?:url\(\s*)?["']?([^"')\s;]+)/i.exec(node.text)?.[1]
    return found === undefined ? [] : [{ request: found }]
  },
  query: `
    (import_statement) @import
    (comment) @comment`,
}
