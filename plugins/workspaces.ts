import fp from 'fastify-plugin'
import { DeletedWorkspace, Workspace, WorkspaceMember } from '../src/workspaces/model.ts'
import { createWorkspaces, type Workspaces } from '../src/workspaces/service.ts'

declare module 'fastify' {
  interface FastifyInstance {
    workspaces: Workspaces
  }
}

/** Workspaces as `app.workspaces`: also where other features ask for a role. */
export default fp(
  async (app) => {
    for (const schema of [Workspace, DeletedWorkspace, WorkspaceMember]) app.addSchema(schema)
    const workspaces = createWorkspaces(app.db, { deletedKeptDays: app.config.DELETED_KEPT_DAYS })
    app.decorate('workspaces', workspaces)
    app.hub.authorize('workspace', (actor, id) => workspaces.get(actor, id))
  },
  { name: 'workspaces', dependencies: ['config', 'db', 'websockets'] },
)
