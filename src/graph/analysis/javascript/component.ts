import { lineAt, lineStarts } from '../lines.ts'
import type { FileFacts } from '../types.ts'
import { extractJavaScript } from './extract.ts'

const SCRIPT = /<script\b([^>]*)>([\s\S]*?)<\/script\s*>/gi

/**
 * Facts of the scripts of a single-file component (Vue, Svelte). What is not script is blanked, so that lines stay. The component itself is the
 * default export. What templates use is not read.
 */
export function extractComponent(path: string, text: string, language: string): FileFacts {
  const plain = text.replace(/<!--[\s\S]*?-->/g, blank)
  let script = ''
  let at = 0
  let extension = 'js'
  const sources: { request: string; line: number }[] = []
  const starts = lineStarts(text)
  for (const found of plain.matchAll(SCRIPT)) {
    const [, attributes = '', body = ''] = found
    const start = found.index + found[0].indexOf('>', '<script'.length + attributes.length) + 1
    const lang = /\blang\s*=\s*["']?(\w+)/i.exec(attributes)?.[1]?.toLowerCase()
    if (lang !== undefined && ['ts', 'tsx', 'jsx'].includes(lang)) extension = lang
    const source = /\ssrc\s*=\s*(?:"([^"]+)"|'([^']+)')/i.exec(attributes)
    const request = source?.[1] ?? source?.[2]
    if (request !== undefined) sources.push({ request, line: lineAt(starts, found.index) })
    script += blank(plain.slice(at, start)) + body
    at = start + body.length
  }
  script += blank(plain.slice(at))
  const facts = extractJavaScript(`${path}.${extension}`, script, language)
  for (const { request, line } of sources)
    facts.imports.push({ request, form: 'import', typeOnly: false, dynamic: false, startLine: line, endLine: line })
  facts.commonjs = !facts.exports.some(({ name }) => name === 'default')
  return facts
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ')
}
