import { parse } from 'secure-json-parse'
import { problem } from '../contracts/errors.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })
/** Escapes that could make a NUL or a lone surrogate: only then the parsed value is searched. */
const SUSPECT = /\\u(?:0000|[dD][89a-fA-F])/
const MAX_DEPTH = 64

function check(value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw problem('BAD_REQUEST', { detail: `The body is nested deeper than ${MAX_DEPTH} levels` })
  if (typeof value === 'string') {
    if (value.includes('\0') || !value.isWellFormed()) {
      throw problem('BAD_REQUEST', { detail: 'The body holds a text with a NUL character or half a surrogate pair' })
    }
  } else if (Array.isArray(value)) {
    for (const item of value) check(item, depth + 1)
  } else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) {
      check(key, depth + 1)
      check(item, depth + 1)
    }
  }
}

/**
 * Parses a JSON body: valid UTF-8, no prototype keys, no text that PostgreSQL could not store. An empty body is undefined.
 * @throws BAD_REQUEST
 */
export function parseJsonBody(body: Buffer): unknown {
  let text: string
  try {
    text = decoder.decode(body)
  } catch {
    throw problem('BAD_REQUEST', { detail: 'The body is not valid UTF-8' })
  }
  if (text === '') return undefined
  let value: unknown
  try {
    value = parse(text, { protoAction: 'error', constructorAction: 'error' })
  } catch (cause) {
    throw problem('BAD_REQUEST', { detail: 'The body is not valid JSON', cause })
  }
  if (SUSPECT.test(text) || body.length > 65_536) check(value, 0)
  return value
}
