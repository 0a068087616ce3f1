import { type FastifyInstance, type FastifyPluginAsync, fastify } from 'fastify'
import type { DestinationStream } from 'pino'
import staticFiles from '../plugins/static.ts'
import { registerPlugins } from './app/plugins.ts'
import { registerRoutes } from './app/routes.ts'
import type { Config } from './config/schema.ts'
import type { SchemaMode } from './http/lazy-schemas.ts'
import { serverOptions } from './http/server-options.ts'

/** What an app is made of. The database is migrated already. */
export interface AppOptions {
  config: Config
  databaseUrl: string
  /** When schemas are compiled; at first use unless told otherwise. */
  schemas?: SchemaMode
  /** Where log lines go instead of standard output. */
  logDestination?: DestinationStream
  /** Plugins of one's own, registered before all others: they see every route and request. */
  extensions?: FastifyPluginAsync[]
  /** Folder of the built web page, where it is not that of the build. */
  webRoot?: string
}

/**
 * Builds the whole server as a Fastify instance: plugins in dependency order, then routes, then the web page. The tables of contents are
 * `app/plugins.ts` and `app/routes.ts`. It neither listens nor handles signals; `server.ts` does.
 */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const app = fastify(
    serverOptions(options.config, options.logDestination, options.schemas),
  ) as unknown as FastifyInstance

  for (const extension of options.extensions ?? []) await app.register(extension)
  await registerPlugins(app, options)
  const worker = options.config.ROLE === 'worker'
  await registerRoutes(app, { worker })
  if (worker) return app
  await app.register(staticFiles, options.webRoot === undefined ? {} : { webRoot: options.webRoot })
  return app
}
