import fp from 'fastify-plugin'
import { createSetup, type Setup } from '../src/accounts/setup.ts'

declare module 'fastify' {
  interface FastifyInstance {
    setup: Setup
  }
}

/** The first administrator, by a one-time link, as `app.setup`. */
export default fp(
  async (app) => {
    const { db, passwords, sessions, createAccount } = app
    app.decorate('setup', createSetup({ db, passwords, sessions, createAccount }))
  },
  { name: 'setup', dependencies: ['db', 'sessions', 'sign-in'] },
)
