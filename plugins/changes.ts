import fp from 'fastify-plugin'
import { createChangeFeeds } from '../src/changes/feeds.ts'
import { registerChanges } from '../src/changes/realtime.ts'
import { DatabaseChange } from '../src/contracts/changes.ts'

/** Changes of rows as topics `changes:<workspaceId>` of the hub. Their events are written by triggers of the database. */
export default fp(
  async (app) => {
    app.addSchema(DatabaseChange)
    registerChanges({
      hub: app.hub,
      feeds: createChangeFeeds(app.db),
      demandRead: (actor, id) => app.workspaces.get(actor, id),
    })
  },
  { name: 'changes', dependencies: ['db', 'websockets', 'workspaces'] },
)
