import fp from 'fastify-plugin'
import { createHealth, type Health } from '../src/health/health.ts'
import { version } from '../src/lib/version.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The register of health checks and the phase of this process. */
    health: Health
  }
}

/** The health register; the process moves its phase: ready after listening, draining before closing. */
export default fp(
  async (app) => {
    const health = createHealth(version)
    app.decorate('health', health)
    app.addHook('onReady', async () => health.enter('ready'))
    app.addHook('preClose', async () => health.enter('draining'))
  },
  { name: 'lifecycle', dependencies: ['config'] },
)
