import fp from 'fastify-plugin'
import { createTrash, type Trash } from '../src/trash/service.ts'

declare module 'fastify' {
  interface FastifyInstance {
    trash: Trash
  }
}

const EVERY_MS = 60 * 60_000

/** Removes what was deleted and not restored in time, as the hourly job `trash.purge`: one of all instances does it. */
export default fp(
  async (app) => {
    const sweepFiles = async () => (await app.uploads.sweep()).deleted
    const trash = createTrash({ db: app.db, sweepFiles, keptDays: app.config.DELETED_KEPT_DAYS })
    app.decorate('trash', trash)
    app.jobs.handle('trash.purge', () => trash.purge())
    const order = () =>
      app.db
        .transact((tx) => tx.job({ name: 'trash.purge', data: {}, userId: null, dedupeKey: 'trash.purge' }))
        .catch((err) => app.log.warn({ err }, 'ordering the purge of what was deleted'))
    const timer = setInterval(order, EVERY_MS).unref()
    app.addHook('onClose', async () => clearInterval(timer))
  },
  { name: 'trash', dependencies: ['config', 'db', 'uploads', 'jobs'] },
)
