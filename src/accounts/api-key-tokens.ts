import { createHash, randomBytes } from 'node:crypto'
import { parse, stringify } from 'uuid'

const PREFIX = 'prl_'
const SECRET_BYTES = 32

/** Whether a bearer token is an API key by its form. Not a check that it is valid. */
export const isApiKey = (token: string): boolean => token.startsWith(PREFIX)

/** Makes the key of a record: `prl_` and base64url of its id and 256 random bits. Shown once; only {@link hashApiKey} is stored. */
export const makeApiKey = (id: string): string =>
  PREFIX + Buffer.concat([parse(id), randomBytes(SECRET_BYTES)]).toString('base64url')

/** SHA-256 of a key in hex. */
export const hashApiKey = (key: string): string => createHash('sha256').update(key).digest('hex')

/** The id of the record that a key names; undefined when it has not the form of a key. */
export function idOfApiKey(key: string): string | undefined {
  const bytes = Buffer.from(key.slice(PREFIX.length), 'base64url')
  return bytes.length === 16 + SECRET_BYTES ? stringify(bytes.subarray(0, 16)) : undefined
}
