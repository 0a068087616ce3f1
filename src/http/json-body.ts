import { parse } from 'secure-json-parse'
import { problem } from '../contracts/errors.ts'
import { SUSPECT_ESCAPE, unstorable } from '../lib/storable.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })
const MAX_DEPTH = 64

function check(value: unknown): void {
  const found = unstorable(value, MAX_DEPTH)
  if (found === 'depth') {
    throw problem('BAD_REQUEST', { detail: `The body is nested deeper than ${MAX_DEPTH} levels` })
  }
  if (found === 'text') {
    throw problem('BAD_REQUEST', { detail: 'The body holds a text with a NUL character or half a surrogate pair' })
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
  if (SUSPECT_ESCAPE.test(text) || body.length > 65_536) check(value)
  return value
}
