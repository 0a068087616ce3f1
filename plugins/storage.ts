import { join } from 'node:path'
import fp from 'fastify-plugin'
import { createLocalStorage } from '../src/adapters/storage/local.ts'
import type { Storage } from '../src/contracts/storage.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Where the bytes of uploads lie. */
    storage: Storage
  }
}

/** The object storage as `app.storage`: files below DATA_DIR. */
export default fp(
  async (app) => {
    const storage = await createLocalStorage({ directory: join(app.config.DATA_DIR, 'storage') })
    app.decorate('storage', storage)
    app.health.add('storage', async () => {
      const { status, detail, freeBytes } = await storage.health()
      return { status, ...(detail !== undefined && { detail }), ...(freeBytes !== undefined && { freeBytes }) }
    })
    app.addHook('onClose', async () => {
      await storage.close()
    })
  },
  { name: 'storage', dependencies: ['config', 'lifecycle'] },
)
