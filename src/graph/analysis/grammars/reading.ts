import type { QueryMatch } from 'web-tree-sitter'
import type { FileFacts } from '../facts.ts'
import type { Spec } from './spec.ts'

/** One file while its matches are read. */
export interface Reading {
  spec: Spec
  text: string
  starts: number[]
  facts: FileFacts
  matches: QueryMatch[]
  /** Innermost symbol round an offset, -1 for none. */
  symbolAt: (offset: number) => number
}

/** A dotted name as its parts, without type arguments, pointers and the like; undefined where it is anything else. */
export function pathOf(spec: Spec, written: string): string[] | undefined {
  let text = written
    .replace(/\b(?:mut|const|struct|enum|union|class|dyn|final|new)\s+/g, '')
    .replace(/\s+/g, '')
    .replace(/^[*&?(]+/, '')
    .replace(/[?*&]+$/, '')
    .replace(/(?:\[\])+$/, '')
  for (let before = ''; before !== text; ) {
    before = text
    text = text.replace(/(?:::)?<[^<>]*>/g, '').replace(/\[[^[\]]*\]$/, '')
  }
  const parts = (spec.rewrite?.(text) ?? text).split(spec.separator).map((part) => spec.plain?.(part) ?? part)
  return parts.every(
    (part, at) => /^[\p{L}_$@~][\p{L}\p{N}_$?!]*$/u.test(part) || (at === 0 && part === '' && parts.length > 1),
  )
    ? parts
    : undefined
}
