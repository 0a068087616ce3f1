import type { Node } from 'web-tree-sitter'
import type { Comment } from '../javascript/ast.ts'

/** A comment of any of the languages, without its marks. */
export function readComment(node: Node): Comment {
  const text = node.text.trimEnd()
  const start = node.startIndex
  const end = start + text.length
  if (text.startsWith('/*')) return { type: 'Block', value: text.slice(2).replace(/\*\/$/, ''), start, end }
  return { type: 'Line', value: text.replace(/^(?:\/\/[/!]?|#+|--)/, '').replace(/<\/?summary>/g, ''), start, end }
}
