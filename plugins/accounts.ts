import fp from 'fastify-plugin'
import { AuthResult, Session, SessionRevoked, TokenPair, User } from '../src/accounts/model.ts'
import { createPasswords } from '../src/accounts/passwords.ts'
import { type Accounts, createAccounts } from '../src/accounts/service.ts'

declare module 'fastify' {
  interface FastifyInstance {
    accounts: Accounts
  }
}

/** Accounts as `app.accounts`. */
export default fp(
  async (app) => {
    for (const schema of [User, AuthResult, TokenPair, Session, SessionRevoked]) app.addSchema(schema)
    app.decorate(
      'accounts',
      createAccounts({
        db: app.db,
        passwords: createPasswords(),
        sessions: app.sessions,
        createPersonalWorkspace: app.workspaces.createPersonal,
      }),
    )
  },
  { name: 'accounts', dependencies: ['db', 'sessions', 'workspaces'] },
)
