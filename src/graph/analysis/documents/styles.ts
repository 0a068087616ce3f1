import { countLines, lineAt, lineStarts } from '../lines.ts'
import type { FileFacts } from '../types.ts'
import { emptyFacts } from '../types.ts'

/** Facts of SCSS and Less: the style sheets they load (`@use`, `@forward`, `@import`). Comments and strings give nothing. */
export function extractStyles(text: string): FileFacts {
  const starts = lineStarts(text)
  const facts = emptyFacts('css', countLines(text, starts))
  const plain = text.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (part) =>
    /^["']/.test(part) ? part : part.replace(/[^\n]/g, ' '),
  )
  for (const rule of plain.matchAll(/@(?:use|forward|import)\s+([^;{}]+)/g)) {
    const list = /^(?:\([^)]*\)\s*)?((?:(?:url\()?["'][^"']+["']\)?\s*,?\s*)+)/.exec(rule[1] as string)?.[1] ?? ''
    for (const found of list.matchAll(/["']([^"']+)["']/g)) {
      const line = lineAt(starts, rule.index)
      const request = found[1] as string
      facts.imports.push({ request, form: 'module', typeOnly: false, dynamic: false, startLine: line, endLine: line })
    }
  }
  return facts
}
