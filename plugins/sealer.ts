import fp from 'fastify-plugin'
import { createSealer, type Sealer } from '../src/lib/seal.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Seals secrets at rest with the key ring. */
    sealer: Sealer
  }
}

/** The key ring of ENCRYPTION_KEY as `app.sealer`. */
export default fp(
  async (app) => {
    app.decorate('sealer', createSealer(app.config.ENCRYPTION_KEY))
  },
  { name: 'sealer', dependencies: ['config'] },
)
