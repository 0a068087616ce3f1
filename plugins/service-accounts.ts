import fp from 'fastify-plugin'
import { ServiceAccount } from '../src/accounts/model-service.ts'
import { createServiceAccounts, type ServiceAccounts } from '../src/accounts/service-accounts.ts'
import { topicOf } from '../src/contracts/events.ts'
import { paidBy } from '../src/db/payer.ts'
import type { WorkspaceMember } from '../src/workspaces/model.ts'

declare module 'fastify' {
  interface FastifyInstance {
    serviceAccounts: ServiceAccounts
  }
}

/** Service accounts of workspaces as `app.serviceAccounts`. What is open of them follows the tier of who pays for them. */
export default fp(
  async (app) => {
    app.addSchema(ServiceAccount)
    const { db, apiKeys, workspaces, events, hub } = app
    app.decorate('serviceAccounts', createServiceAccounts({ db, apiKeys, workspaces }))

    const recheck = (ownerId: string) =>
      paidBy(db, ownerId)
        .then((ids) => ids.forEach((userId) => void hub.control({ kind: 'recheck', userId })))
        .catch((err) => app.log.error({ err }, 'service accounts of a changed owner'))
    events.on('user.updated', ({ topic }) => void recheck(topic.slice('user:'.length)))
    events.on('workspace.member_updated', ({ topic, data }) => {
      const { userId, role } = data as WorkspaceMember
      if (role === 'owner' && topic === topicOf('user', userId)) void recheck(userId)
    })
  },
  { name: 'service-accounts', dependencies: ['db', 'events', 'sessions', 'websockets', 'workspaces', 'accounts'] },
)
