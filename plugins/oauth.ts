import fp from 'fastify-plugin'
import { createIdentities, type Identities } from '../src/accounts/identities.ts'
import { Identity, OAuthStart, SignInProvider } from '../src/accounts/model-oauth.ts'
import { createOAuth, type OAuth } from '../src/accounts/oauth.ts'
import { createOpenIdProvider } from '../src/adapters/identity/openid.ts'
import { parseOidcProviders } from '../src/config/oidc.ts'
import { publicUrl } from '../src/config/public-url.ts'

declare module 'fastify' {
  interface FastifyInstance {
    oauth: OAuth
    identities: Identities
    /** What links to this server begin with. */
    publicUrl: string
  }
}

/** Sign-in with the identity providers of OIDC_PROVIDERS as `app.oauth` and `app.identities`. */
export default fp(
  async (app) => {
    for (const schema of [SignInProvider, OAuthStart, Identity]) app.addSchema(schema)
    const { config, db, oneTimeTokens: tokens, signIn, createAccount, demandPassword, demandRecent, letters } = app
    const base = publicUrl(config)
    const providers = parseOidcProviders(config.OIDC_PROVIDERS).providers.map((provider) =>
      createOpenIdProvider(provider, `${base}/api/auth/oauth/${provider.name}/callback`),
    )
    const oauth = createOAuth({
      db,
      tokens,
      providers,
      secret: config.COOKIE_SECRET,
      returnUrl: `${base}/account/oauth`,
      onError: (err) => app.log.warn({ err }, 'identity provider'),
    })
    app.decorate('publicUrl', base)
    app.decorate('oauth', oauth)
    const queueMail = app.mail.queue
    app.decorate(
      'identities',
      createIdentities({ db, oauth, signIn, createAccount, demandPassword, demandRecent, queueMail, letters }),
    )
  },
  { name: 'oauth', dependencies: ['config', 'db', 'mailer', 'sign-in'] },
)
