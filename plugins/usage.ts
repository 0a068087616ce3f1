import fp from 'fastify-plugin'
import { Usage } from '../src/usage/model.ts'
import { createUsage } from '../src/usage/service.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** What somebody may use, and has used. */
    usage: ReturnType<typeof createUsage>
  }
}

/** Limits and their use as `app.usage`. */
export default fp(
  async (app) => {
    app.addSchema(Usage)
    const { uploads, assistant } = app
    app.decorate('usage', createUsage({ storage: uploads.usage, assistantTokens: assistant.allowance.usage }))
  },
  { name: 'usage', dependencies: ['uploads', 'assistant'] },
)
