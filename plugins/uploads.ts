import fp from 'fastify-plugin'
import { SignedUrl, Upload, UploadBatch } from '../src/uploads/model.ts'
import { createUploads, type Uploads } from '../src/uploads/service.ts'
import { createUrlSigner } from '../src/uploads/signed-url.ts'

declare module 'fastify' {
  interface FastifyInstance {
    uploads: Uploads
  }
}

const SWEEP_MS = 5 * 60_000

/** Uploads as `app.uploads`; `app.uploads.reader` is for other features. Sweeps what crashes have left at start and then now and again. */
export default fp(
  async (app) => {
    for (const schema of [Upload, UploadBatch, SignedUrl]) app.addSchema(schema)
    const { UPLOAD_MAX_BYTES, WORKSPACE_MAX_BYTES, COOKIE_SECRET } = app.config
    const uploads = createUploads({
      db: app.db,
      storage: app.storage,
      scanner: app.scanner,
      workspaces: app.workspaces,
      signer: createUrlSigner(COOKIE_SECRET),
      limits: { maxFileBytes: UPLOAD_MAX_BYTES, workspaceBytes: WORKSPACE_MAX_BYTES },
    })
    app.decorate('uploads', uploads)

    const sweep = () => uploads.sweep().catch((err) => app.log.warn({ err }, 'sweeping uploads'))
    const timer = setInterval(sweep, SWEEP_MS).unref()
    app.addHook('onReady', async () => void sweep())
    app.addHook('onClose', async () => clearInterval(timer))
  },
  { name: 'uploads', dependencies: ['config', 'db', 'storage', 'scanner', 'workspaces'] },
)
