import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { newId } from '../../src/lib/ids.ts'

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest()

/** A COSE key (RFC 9053): EC2, ES256, P-256, and the point. */
const coseOf = (x: Buffer, y: Buffer): Buffer =>
  Buffer.concat([Buffer.from('a5010203262001215820', 'hex'), x, Buffer.from('225820', 'hex'), y])

/**
 * A passkey that is kept for somebody, and the device that has it: answers challenges as an authenticator does (WebAuthn section 6.3.3), for
 * tests that are not about browsers.
 */
export async function passkeyDevice(app: FastifyInstance, userId: string, origin: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const key = coseOf(Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')).toString('base64url')
  const id = randomBytes(16).toString('base64url')
  await app.db.sql`
    insert into passkeys (id, user_id, name, credential_id, public_key, counter, transports, backed_up)
    values (${newId()}, ${userId}, 'device', ${id}, ${key}, 0, '{}', false)`

  return {
    /** The answer to the options of a sign-in. */
    answer(challenge: string) {
      const clientData = Buffer.from(JSON.stringify({ type: 'webauthn.get', challenge, origin, crossOrigin: false }))
      // Present and verified, and a counter that stays 0.
      const flags = Buffer.from([0x05, 0, 0, 0, 0])
      const authenticatorData = Buffer.concat([sha256(new URL(origin).hostname), flags])
      const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(clientData)]), privateKey)
      return {
        id,
        rawId: id,
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: clientData.toString('base64url'),
          authenticatorData: authenticatorData.toString('base64url'),
          signature: signature.toString('base64url'),
        },
      }
    },
  }
}
