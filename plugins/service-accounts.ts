import fp from 'fastify-plugin'
import { ServiceAccount } from '../src/accounts/model-service.ts'
import { createServiceAccounts, type ServiceAccounts } from '../src/accounts/service-accounts.ts'

declare module 'fastify' {
  interface FastifyInstance {
    serviceAccounts: ServiceAccounts
  }
}

/** Service accounts of workspaces as `app.serviceAccounts`. */
export default fp(
  async (app) => {
    app.addSchema(ServiceAccount)
    const { db, apiKeys, workspaces } = app
    app.decorate('serviceAccounts', createServiceAccounts({ db, apiKeys, workspaces }))
  },
  { name: 'service-accounts', dependencies: ['db', 'sessions', 'workspaces', 'accounts'] },
)
