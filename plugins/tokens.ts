import { randomBytes } from 'node:crypto'
import jwt from '@fastify/jwt'
import fp from 'fastify-plugin'
import { type AccessTokens, createAccessTokens, type JwtCodec } from '../src/accounts/access-tokens.ts'
import { followKeyFile, type KeyFile } from '../src/accounts/key-file.ts'
import { createKeyRing, type KeyRing } from '../src/accounts/key-ring.ts'
import { JwkSet } from '../src/accounts/model.ts'
import type { Config } from '../src/config/schema.ts'
import { privateKey, type SigningKey, secretKey } from '../src/lib/signing-keys.ts'

declare module 'fastify' {
  interface FastifyInstance {
    accessTokens: AccessTokens
    /** The keys of access tokens. */
    keyRing: KeyRing
    /** The file of keys that is followed, where one is configured. */
    keyFile: KeyFile | undefined
  }
}

const ISSUER = 'parley'
const AUDIENCE = 'parley'

/** The keys of the configuration itself: the private key signs before the secret; both verify, so that one can take over from the other. */
const configured = ({ JWT_PRIVATE_KEY, JWT_SECRET }: Config): SigningKey[] => [
  ...(JWT_PRIVATE_KEY === undefined ? [] : [privateKey(JWT_PRIVATE_KEY)]),
  ...(JWT_SECRET === undefined ? [] : [secretKey(JWT_SECRET)]),
]

/** Access tokens (JWT) as `app.accessTokens`, signed with a ring of keys that can be changed while the server runs. */
export default fp(
  async (app) => {
    const { config } = app
    app.addSchema(JwkSet)
    // Every call names its key: this secret is never used, and nobody knows it.
    await app.register(jwt, { secret: randomBytes(32).toString('hex') })
    const codec: JwtCodec = {
      sign: (payload, options) =>
        app.jwt.sign(payload, { iss: ISSUER, aud: AUDIENCE, expiresIn: config.ACCESS_TOKEN_TTL, ...options }),
      verify: (token, options) =>
        app.jwt.verify(token, {
          allowedIss: ISSUER,
          allowedAud: AUDIENCE,
          requiredClaims: ['iss', 'aud', 'exp', 'sub', 'sid'],
          ...options,
        }),
    }

    const keys = configured(config)
    // A file takes the first place at once, below; until then there has to be some key.
    const ring = createKeyRing({
      keys: keys.length > 0 ? keys : [secretKey(randomBytes(32))],
      keepMs: config.ACCESS_TOKEN_TTL * 1000,
    })
    const keyFile =
      config.JWT_KEYS_FILE === undefined
        ? undefined
        : followKeyFile({
            path: config.JWT_KEYS_FILE,
            onKeys(found) {
              ring.replace([...found, ...keys])
              app.log.info({ kid: found[0]?.kid, keys: found.length }, 'took up the keys of access tokens')
            },
            onError: (err) => app.log.error({ err }, 'the file of keys cannot be used: keeping the keys'),
          })
    app.decorate('keyRing', ring)
    app.decorate('keyFile', keyFile)
    app.decorate('accessTokens', createAccessTokens({ ring, codec, onUnknownKey: () => keyFile?.lookAgain() }))
    app.addHook('onClose', async () => keyFile?.close())
  },
  { name: 'tokens', dependencies: ['config'] },
)
