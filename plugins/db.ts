import fp from 'fastify-plugin'
import { createDatabase, type Database } from '../src/db/database.ts'

declare module 'fastify' {
  interface FastifyInstance {
    db: Database
  }
}

/** The database pool as `app.db`. It expects a migrated schema: the process (or the test) migrates before. */
export default fp<{ url: string }>(
  async (app, { url }) => {
    const db = createDatabase({
      url,
      max: app.config.DATABASE_POOL,
      onNotice: (message) => app.log.debug({ message }, 'notice of PostgreSQL'),
      onListenerError: (err) => app.log.error({ err }, 'a listener of committed events failed'),
    })
    app.decorate('db', db)
    app.health.add('database', async () => ((await db.ping()) ? 'ok' : 'down'))
    app.addHook('onClose', async () => {
      await db.close()
    })
  },
  { name: 'db', dependencies: ['config', 'lifecycle'] },
)
