import fp from 'fastify-plugin'
import { createMfa, type Mfa } from '../src/accounts/mfa.ts'
import { MfaStatus, RecoveryCodes, TotpEnrolment } from '../src/accounts/model-factors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    mfa: Mfa
  }
}

/** The second factor of accounts as `app.mfa`: an authenticator app with recovery codes. */
export default fp(
  async (app) => {
    for (const schema of [MfaStatus, RecoveryCodes, TotpEnrolment]) app.addSchema(schema)
    const { db, sealer, oneTimeTokens: tokens, secondFactor, signIn, demandPassword, letters } = app
    const queueMail = app.mail.queue
    const issuer = 'Parley'
    app.decorate(
      'mfa',
      createMfa({ db, sealer, tokens, secondFactor, signIn, demandPassword, queueMail, letters, issuer }),
    )
  },
  { name: 'mfa', dependencies: ['db', 'sealer', 'mailer', 'sign-in'] },
)
