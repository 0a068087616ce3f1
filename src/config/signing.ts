import { readFileSync } from 'node:fs'
import { keysOfSet, privateKey } from '../lib/signing-keys.ts'

/** What is wrong with the keys that sign tokens, one sentence each. */
export function signingFaults({ JWT_PRIVATE_KEY, JWT_KEYS_FILE }: Record<string, unknown>): string[] {
  const attempt = (name: string, work: () => unknown) => {
    try {
      work()
      return []
    } catch (error) {
      return [`${name} ${(error as Error).message}`]
    }
  }
  return [
    ...(typeof JWT_PRIVATE_KEY === 'string' ? attempt('JWT_PRIVATE_KEY', () => privateKey(JWT_PRIVATE_KEY)) : []),
    ...(typeof JWT_KEYS_FILE === 'string'
      ? attempt('JWT_KEYS_FILE', () => keysOfSet(readFileSync(JWT_KEYS_FILE, 'utf8')))
      : []),
  ]
}
