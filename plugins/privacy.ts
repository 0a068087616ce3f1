import fp from 'fastify-plugin'
import { DataExport, Erasure } from '../src/privacy/model.ts'
import { createPrivacy, type Privacy } from '../src/privacy/service.ts'

declare module 'fastify' {
  interface FastifyInstance {
    privacy: Privacy
  }
}

const SWEEP_MS = 60 * 60_000

/** Export and erasure of personal data as `app.privacy`, done by the jobs `account.export` and `account.erase`. */
export default fp(
  async (app) => {
    for (const schema of [DataExport, Erasure]) app.addSchema(schema)
    const privacy = createPrivacy({
      db: app.db,
      storage: app.storage,
      readFile: app.uploads.reader.read,
      purgeWorkspaces: app.trash.purgeWorkspaces,
      async endAccess(tx, userId, reason, origin) {
        await app.sessions.end(tx, userId, reason, origin)
        await app.apiKeys.revokeAll(tx, userId)
      },
      demandPassword: app.demandPassword,
    })
    app.decorate('privacy', privacy)
    app.jobs.handle('account.export', privacy.generate)
    app.jobs.handle('account.erase', ({ data }) => privacy.erase(data.userId))
    const sweep = () => privacy.sweep().catch((err) => app.log.warn({ err }, 'sweeping archives'))
    const timer = setInterval(sweep, SWEEP_MS).unref()
    app.addHook('onClose', async () => clearInterval(timer))
  },
  { name: 'privacy', dependencies: ['db', 'storage', 'sessions', 'sign-in', 'uploads', 'jobs', 'trash'] },
)
