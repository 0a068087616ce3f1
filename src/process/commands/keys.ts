import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { keysOfSet, SIGNING_ALGORITHMS, type SigningAlgorithm } from '../../lib/signing-keys.ts'
import { EXIT, OperatorError } from '../exit.ts'
import { type Command, usageError } from './command.ts'

/** Keys that stay in the file beside the new one: servers that start meanwhile verify what they signed. */
const KEPT = 2

interface StoredKey {
  kid: string
}

function fresh(algorithm: SigningAlgorithm): StoredKey {
  const kid = `${new Date().toISOString().slice(0, 10)}-${randomBytes(4).toString('hex')}`
  if (algorithm === 'HS256') return { kty: 'oct', k: randomBytes(48).toString('base64url'), kid } as StoredKey
  const { privateKey } =
    algorithm === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), kid }
}

function keysIn(path: string): StoredKey[] {
  if (!existsSync(path)) return []
  const text = readFileSync(path, 'utf8')
  try {
    keysOfSet(text)
  } catch (error) {
    throw new OperatorError(`${path} ${(error as Error).message}: it was left as it is.`, EXIT.config)
  }
  return (JSON.parse(text) as { keys: StoredKey[] }).keys
}

/** `parley keys rotate <file>`: puts a new key first into a file for JWT_KEYS_FILE. Running servers take it up by themselves. */
export const keys: Command = {
  usage: 'keys rotate <file> [--alg EdDSA|ES256|HS256]',
  summary:
    'put a new signing key first into the file of JWT_KEYS_FILE, making it where it is not there; servers follow it',
  async run(args, print) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { alg: { type: 'string', default: 'EdDSA' } },
    })
    const [action, path] = positionals
    if (action !== 'rotate' || path === undefined) throw usageError(keys, 'Rotate the keys of which file?')
    const algorithm = SIGNING_ALGORITHMS.find((one) => one === values.alg)
    if (algorithm === undefined) throw usageError(keys, `Unknown algorithm: ${values.alg}`)
    const key = fresh(algorithm)
    const text = JSON.stringify({ keys: [key, ...keysIn(path).slice(0, KEPT)] }, null, 2)
    const temporary = `${path}.${process.pid}.tmp`
    writeFileSync(temporary, `${text}\n`, { mode: 0o600 })
    renameSync(temporary, path)
    print(`${key.kid} (${algorithm}) signs from now on; what older keys signed is good until it runs out.`)
    return EXIT.ok
  },
}
