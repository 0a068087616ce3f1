import { type FastifyInstance, type FastifyPluginAsync, fastify } from 'fastify'
import type { DestinationStream } from 'pino'
import accounts from '../plugins/accounts.ts'
import assistant from '../plugins/assistant.ts'
import audit from '../plugins/audit.ts'
import auth from '../plugins/auth.ts'
import bodies from '../plugins/bodies.ts'
import cache from '../plugins/cache.ts'
import chat from '../plugins/chat.ts'
import conditional from '../plugins/conditional.ts'
import config from '../plugins/config.ts'
import conversations from '../plugins/conversations.ts'
import db from '../plugins/db.ts'
import docs from '../plugins/docs.ts'
import errors from '../plugins/errors.ts'
import events from '../plugins/events.ts'
import graph from '../plugins/graph.ts'
import idempotency from '../plugins/idempotency.ts'
import jobs from '../plugins/jobs.ts'
import lifecycle from '../plugins/lifecycle.ts'
import logging from '../plugins/logging.ts'
import messages from '../plugins/messages.ts'
import metrics from '../plugins/metrics.ts'
import presence from '../plugins/presence.ts'
import pubsub from '../plugins/pubsub.ts'
import queue from '../plugins/queue.ts'
import rateLimit from '../plugins/rate-limit.ts'
import redis from '../plugins/redis.ts'
import scanner from '../plugins/scanner.ts'
import search from '../plugins/search.ts'
import security from '../plugins/security.ts'
import sessions from '../plugins/sessions.ts'
import staticFiles from '../plugins/static.ts'
import storage from '../plugins/storage.ts'
import uploads from '../plugins/uploads.ts'
import websockets from '../plugins/websockets.ts'
import workspaces from '../plugins/workspaces.ts'
import apiKeyRoutes from '../routes/api-keys.ts'
import auditRoutes from '../routes/audit.ts'
import authRoutes from '../routes/auth.ts'
import chatRoutes from '../routes/chat.ts'
import conversationMemberRoutes from '../routes/conversation-members.ts'
import conversationRoutes from '../routes/conversations.ts'
import graphRoutes from '../routes/graph.ts'
import healthRoutes from '../routes/health.ts'
import jobRoutes from '../routes/jobs.ts'
import messageRoutes from '../routes/messages.ts'
import searchRoutes from '../routes/search.ts'
import sourceRoutes from '../routes/sources.ts'
import uploadRoutes from '../routes/uploads/index.ts'
import userRoutes from '../routes/users.ts'
import websocketRoutes from '../routes/websocket.ts'
import workspaceRoutes from '../routes/workspaces.ts'
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
 * Builds the whole server as a Fastify instance: plugins in dependency order, then routes. This is the table of contents. It neither listens nor
 * handles signals; `server.ts` does.
 */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const app = fastify(
    serverOptions(options.config, options.logDestination, options.schemas),
  ) as unknown as FastifyInstance

  for (const extension of options.extensions ?? []) await app.register(extension)
  await app.register(config, { config: options.config })
  await app.register(logging)
  await app.register(errors)
  await app.register(bodies)
  await app.register(security)
  await app.register(metrics)
  await app.register(lifecycle)
  await app.register(db, { url: options.databaseUrl })
  await app.register(redis)
  await app.register(rateLimit)
  await app.register(pubsub, { url: options.databaseUrl })
  await app.register(events)
  await app.register(cache)
  await app.register(queue, { url: options.databaseUrl })
  await app.register(storage)
  await app.register(scanner)
  await app.register(sessions)
  await app.register(auth)
  await app.register(idempotency)
  await app.register(conditional)
  await app.register(websockets)
  await app.register(workspaces)
  await app.register(accounts)
  await app.register(uploads)
  await app.register(jobs)
  await app.register(graph)
  await app.register(conversations)
  await app.register(assistant)
  await app.register(messages)
  await app.register(chat)
  await app.register(search)
  await app.register(presence)
  await app.register(audit)
  // A worker has everything that jobs call, but serves nothing beyond its health and metrics.
  const serves = options.config.ROLE !== 'worker'
  if (serves) await app.register(docs)

  await app.register(healthRoutes)
  await app.register(healthRoutes, { prefix: '/api' })
  if (!serves) return app
  await app.register(authRoutes)
  await app.register(apiKeyRoutes)
  await app.register(userRoutes)
  await app.register(auditRoutes)
  await app.register(workspaceRoutes)
  await app.register(conversationRoutes)
  await app.register(conversationMemberRoutes)
  await app.register(messageRoutes)
  await app.register(uploadRoutes)
  await app.register(jobRoutes)
  await app.register(chatRoutes)
  await app.register(searchRoutes)
  await app.register(sourceRoutes)
  await app.register(graphRoutes)
  await app.register(websocketRoutes)

  await app.register(staticFiles, options.webRoot === undefined ? {} : { webRoot: options.webRoot })
  return app
}
