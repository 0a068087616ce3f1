import { isIP } from 'node:net'
import fp from 'fastify-plugin'
import { Passkey, PasskeyOptions } from '../src/accounts/model-passkeys.ts'
import { createPasskeys, type Passkeys } from '../src/accounts/passkeys.ts'
import { publicUrl } from '../src/config/public-url.ts'
import type { Config } from '../src/config/schema.ts'

declare module 'fastify' {
  interface FastifyInstance {
    passkeys: Passkeys
  }
}

/**
 * The domain of PUBLIC_URL, and the pages on it that may use passkeys: the own ones, and those of CORS_ORIGINS on it or below. WebAuthn knows
 * no addresses: a server that is reached by one is `localhost`.
 */
function relyingPartyOf(config: Config) {
  const own = new URL(publicUrl(config))
  const byAddress = isIP(own.hostname.replace(/^\[|\]$/g, '')) !== 0
  if (byAddress) own.hostname = 'localhost'
  const id = own.hostname
  const onDomain = (origin: string) =>
    URL.canParse(origin) && (new URL(origin).hostname === id || new URL(origin).hostname.endsWith(`.${id}`))
  const others = config.CORS_ORIGINS.split(',').map((origin) => origin.trim())
  return { id, name: 'Parley', origins: [own.origin, ...others.filter(onDomain)] }
}

/** Passkeys as `app.passkeys`. */
export default fp(
  async (app) => {
    for (const schema of [Passkey, PasskeyOptions]) app.addSchema(schema)
    const { db, oneTimeTokens: tokens, signIn, demandPassword, demandRecent, letters } = app
    const queueMail = app.mail.queue
    const relyingParty = relyingPartyOf(app.config)
    app.decorate(
      'passkeys',
      createPasskeys({ db, tokens, signIn, demandPassword, demandRecent, queueMail, letters, relyingParty }),
    )
  },
  { name: 'passkeys', dependencies: ['config', 'db', 'mailer', 'sign-in'] },
)
