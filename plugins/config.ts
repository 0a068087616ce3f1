import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.ts'

declare module 'fastify' {
  interface FastifyInstance {
    config: Config
  }
}

/** The frozen configuration as `app.config`. Read nowhere else. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    app.decorate('config', config)
  },
  { name: 'config' },
)
