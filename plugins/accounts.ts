import fp from 'fastify-plugin'
import { type Administration, createAdministration } from '../src/accounts/administration.ts'
import {
  ApiKey,
  AuthResult,
  CreatedApiKey,
  ManagedUser,
  Session,
  SessionRevoked,
  TokenPair,
  User,
} from '../src/accounts/model.ts'
import { createPasswords } from '../src/accounts/passwords.ts'
import { type Accounts, createAccounts } from '../src/accounts/service.ts'

declare module 'fastify' {
  interface FastifyInstance {
    accounts: Accounts
    administration: Administration
  }
}

/** Accounts as `app.accounts`. */
export default fp(
  async (app) => {
    for (const schema of [User, ManagedUser, AuthResult, TokenPair, Session, SessionRevoked, ApiKey, CreatedApiKey])
      app.addSchema(schema)
    app.decorate(
      'accounts',
      createAccounts({
        db: app.db,
        passwords: createPasswords(),
        sessions: app.sessions,
        createPersonalWorkspace: app.workspaces.createPersonal,
      }),
    )
    app.decorate('administration', createAdministration(app.db, app.sessions))
  },
  { name: 'accounts', dependencies: ['db', 'sessions', 'workspaces'] },
)
