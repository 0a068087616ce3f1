import fp from 'fastify-plugin'
import { type Administration, createAdministration } from '../src/accounts/administration.ts'
import { createEmails, type Emails } from '../src/accounts/emails.ts'
import { createLoginThrottle } from '../src/accounts/login-throttle.ts'
import * as models from '../src/accounts/model.ts'
import { createPasswordReset, type PasswordReset } from '../src/accounts/password-reset.ts'
import { type Accounts, createAccounts } from '../src/accounts/service.ts'
import type { Config } from '../src/config/schema.ts'

declare module 'fastify' {
  interface FastifyInstance {
    accounts: Accounts
    administration: Administration
    emails: Emails
    passwordReset: PasswordReset
  }
}

const SCHEMAS = [
  models.User,
  models.ManagedUser,
  models.AuthResult,
  models.TokenPair,
  models.Session,
  models.SessionRevoked,
  models.ApiKey,
  models.ApiKeyRevoked,
  models.CreatedApiKey,
]

/** Without a mail server a mail at each sign-up would reach nobody: it is sent when somebody asks for it. */
const confirmationOf = ({ REQUIRE_EMAIL_VERIFICATION, SMTP_URL }: Config) =>
  REQUIRE_EMAIL_VERIFICATION ? 'required' : SMTP_URL === undefined ? 'none' : 'asked'

/** Accounts as `app.accounts`, their emails and the way back into them. */
export default fp(
  async (app) => {
    for (const schema of SCHEMAS) app.addSchema(schema)
    const { config, db, passwords, sessions, signIn, createAccount, letters, oneTimeTokens: tokens } = app
    const queueMail = app.mail.queue
    const throttle = app.guesses && createLoginThrottle({ ...app.guesses, knows: sessions.knows })
    const { demandPassword } = app
    const emails = createEmails({ db, tokens, queueMail, letters, createAccount, demandPassword })
    app.decorate('emails', emails)
    app.decorate('passwordReset', createPasswordReset({ db, tokens, passwords, sessions, queueMail, letters }))
    app.decorate(
      'accounts',
      createAccounts({
        db,
        passwords,
        sessions,
        throttle,
        signIn,
        emails,
        confirmation: confirmationOf(config),
        createAccount,
        demandPassword,
        tokens,
      }),
    )
    app.decorate('administration', createAdministration(db, sessions))
  },
  { name: 'accounts', dependencies: ['config', 'db', 'mailer', 'sessions', 'sign-in'] },
)
