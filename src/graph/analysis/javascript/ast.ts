import { parseSync, visitorKeys } from 'oxc-parser'

/** An ESTree/TS-ESTree node, read loosely: the extractor asks for children by name and tolerates what it does not know. */
export interface Ast {
  type: string
  start: number
  end: number
  [key: string]: unknown
}

export interface Comment {
  type: 'Line' | 'Block'
  value: string
  start: number
  end: number
}

export interface Parsed {
  program: Ast
  comments: Comment[]
  /** First syntax error, if the parser reported any. */
  error?: { message: string; start: number }
}

/** The node under `key`, or undefined. */
export function child(node: Ast, key: string): Ast | undefined {
  const value = node[key]
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Ast) : undefined
}

/** The nodes under `key`; holes of array patterns are left out. */
export function children(node: Ast, key: string): Ast[] {
  const value = node[key]
  return Array.isArray(value) ? (value as (Ast | null)[]).filter((item): item is Ast => item !== null) : []
}

/** The name of an identifier or the text of a string literal, or undefined. */
export function nameOf(node: Ast | undefined): string | undefined {
  if (node === undefined) return undefined
  if (node.type === 'Identifier' || node.type === 'JSXIdentifier') return node.name as string
  if (node.type === 'PrivateIdentifier') return `#${node.name as string}`
  return stringOf(node)
}

/** The value of a string literal or of a template without expressions, or undefined. */
export function stringOf(node: Ast | undefined): string | undefined {
  if (node === undefined) return undefined
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node.type === 'TemplateLiteral' && children(node, 'expressions').length === 0) {
    const quasi = children(node, 'quasis')[0]?.value as { cooked?: string } | undefined
    return quasi?.cooked
  }
  return undefined
}

/** Strips what does not change the value: parentheses, `!`, optional chaining, `satisfies`. */
export function unwrap(node: Ast): Ast {
  let current = node
  for (;;) {
    const wraps =
      current.type === 'ParenthesizedExpression' ||
      current.type === 'ChainExpression' ||
      current.type === 'TSNonNullExpression' ||
      current.type === 'TSInstantiationExpression' ||
      current.type === 'TSSatisfiesExpression'
    const inner = wraps ? child(current, 'expression') : undefined
    if (inner === undefined) return current
    current = inner
  }
}

/** Calls `visit` for every child node, in source order as the grammar lists them. */
export function eachChild(node: Ast, visit: (node: Ast) => void): void {
  const keys = visitorKeys[node.type]
  if (keys === undefined) return
  for (const key of keys) {
    const value = node[key]
    if (Array.isArray(value)) {
      for (const item of value as (Ast | null)[]) if (item) visit(item)
    } else if (value !== null && typeof value === 'object') visit(value as Ast)
  }
}

/**
 * Whatever the parser may go one level deeper for. It is native code without a check of its own: where its stack ends, so does the process. One level takes
 * about 1 KiB at most; see STACK_MB in run.ts.
 */
const LEVEL =
  /[([{<>=?!~+\-*/%&|^:`]|\b(?:else|if|for|while|do|with|new|await|yield|typeof|void|delete|keyof|async|infer|unique|readonly)\b/g
const MAX_LEVELS = 450_000

function mayNestTooDeeply(text: string): boolean {
  if (text.length <= MAX_LEVELS) return false
  let levels = 0
  for (const _ of text.matchAll(LEVEL)) if (++levels > MAX_LEVELS) return true
  return false
}

/**
 * Parses one file. JavaScript is read with JSX on, since many packages write it in `.js`, and with types where it cannot be read without: Flow is
 * understood as far as it is TypeScript.
 * @throws nothing for bad syntax (see `error`); a parser that panics yields an empty program and an error.
 */
export function parse(path: string, text: string): Parsed {
  if (mayNestTooDeeply(text)) {
    const program = { type: 'Program', start: 0, end: text.length, body: [] }
    return { program, comments: [], error: { message: 'Too large to be parsed', start: 0 } }
  }
  const extension = path.slice(path.lastIndexOf('.') + 1).toLowerCase()
  const lang = /\.d\.[cm]?ts$/.test(path)
    ? 'dts'
    : extension === 'tsx'
      ? 'tsx'
      : extension.endsWith('ts')
        ? 'ts'
        : 'jsx'
  const plain = parseSync(path, text, { lang, sourceType: 'unambiguous', preserveParens: false })
  const isLost = plain.errors.length > 0 && plain.program.body.length === 0 && lang === 'jsx'
  const typed = isLost
    ? parseSync(path, text, { lang: 'tsx', sourceType: 'unambiguous', preserveParens: false })
    : plain
  const result = typed.program.body.length > 0 ? typed : plain
  const first = result.errors.find((error) => error.severity === 'Error')
  const parsed: Parsed = { program: result.program as unknown as Ast, comments: result.comments }
  if (first) parsed.error = { message: first.message, start: first.labels[0]?.start ?? 0 }
  return parsed
}
