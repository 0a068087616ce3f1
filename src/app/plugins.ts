import type { FastifyInstance } from 'fastify'
import accounts from '../../plugins/accounts.ts'
import assistant from '../../plugins/assistant.ts'
import asyncapi from '../../plugins/asyncapi.ts'
import attempts from '../../plugins/attempts.ts'
import audit from '../../plugins/audit.ts'
import auth from '../../plugins/auth.ts'
import bodies from '../../plugins/bodies.ts'
import cache from '../../plugins/cache.ts'
import changes from '../../plugins/changes.ts'
import chat from '../../plugins/chat.ts'
import conditional from '../../plugins/conditional.ts'
import config from '../../plugins/config.ts'
import conversations from '../../plugins/conversations.ts'
import cookieSignIn from '../../plugins/cookie-sign-in.ts'
import db from '../../plugins/db.ts'
import docs from '../../plugins/docs.ts'
import errors from '../../plugins/errors.ts'
import events from '../../plugins/events.ts'
import graph from '../../plugins/graph.ts'
import graphql from '../../plugins/graphql.ts'
import idempotency from '../../plugins/idempotency.ts'
import invitations from '../../plugins/invitations.ts'
import jobs from '../../plugins/jobs.ts'
import lifecycle from '../../plugins/lifecycle.ts'
import logging from '../../plugins/logging.ts'
import mailJobs from '../../plugins/mail-jobs.ts'
import mailer from '../../plugins/mailer.ts'
import mcp from '../../plugins/mcp.ts'
import messages from '../../plugins/messages.ts'
import metrics from '../../plugins/metrics.ts'
import mfa from '../../plugins/mfa.ts'
import oauth from '../../plugins/oauth.ts'
import passkeys from '../../plugins/passkeys.ts'
import presence from '../../plugins/presence.ts'
import privacy from '../../plugins/privacy.ts'
import pubsub from '../../plugins/pubsub.ts'
import queue from '../../plugins/queue.ts'
import rateLimit from '../../plugins/rate-limit.ts'
import redis from '../../plugins/redis.ts'
import retrieval from '../../plugins/retrieval.ts'
import scanner from '../../plugins/scanner.ts'
import sealer from '../../plugins/sealer.ts'
import search from '../../plugins/search.ts'
import security from '../../plugins/security.ts'
import serviceAccounts from '../../plugins/service-accounts.ts'
import sessions from '../../plugins/sessions.ts'
import setup from '../../plugins/setup.ts'
import signIn from '../../plugins/sign-in.ts'
import storage from '../../plugins/storage.ts'
import tokens from '../../plugins/tokens.ts'
import trash from '../../plugins/trash.ts'
import upgrades from '../../plugins/upgrades.ts'
import uploads from '../../plugins/uploads.ts'
import usage from '../../plugins/usage.ts'
import websockets from '../../plugins/websockets.ts'
import workspaces from '../../plugins/workspaces.ts'
import type { Config } from '../config/schema.ts'

/** Registers every plugin, each after those it depends on. */
export async function registerPlugins(
  app: FastifyInstance,
  options: { config: Config; databaseUrl: string },
): Promise<void> {
  await app.register(config, { config: options.config })
  await app.register(sealer)
  await app.register(logging)
  await app.register(errors)
  await app.register(bodies)
  await app.register(security)
  await app.register(metrics)
  await app.register(lifecycle)
  await app.register(db, { url: options.databaseUrl })
  await app.register(redis)
  await app.register(rateLimit)
  await app.register(attempts)
  await app.register(pubsub, { url: options.databaseUrl })
  await app.register(events)
  await app.register(cache)
  await app.register(queue, { url: options.databaseUrl })
  await app.register(storage)
  await app.register(scanner)
  await app.register(mailer)
  await app.register(tokens)
  await app.register(sessions)
  await app.register(cookieSignIn)
  await app.register(auth)
  await app.register(idempotency)
  await app.register(conditional)
  await app.register(websockets)
  await app.register(upgrades)
  await app.register(workspaces)
  await app.register(changes)
  await app.register(signIn)
  await app.register(accounts)
  await app.register(setup)
  await app.register(mfa)
  await app.register(oauth)
  await app.register(passkeys)
  await app.register(serviceAccounts)
  await app.register(uploads)
  await app.register(jobs)
  await app.register(mailJobs)
  await app.register(trash)
  await app.register(privacy)
  await app.register(retrieval)
  await app.register(graph)
  await app.register(conversations)
  await app.register(invitations)
  await app.register(assistant)
  await app.register(usage)
  await app.register(messages)
  await app.register(chat)
  await app.register(search)
  await app.register(presence)
  await app.register(audit)
  // A worker has everything that jobs call, but serves nothing beyond its health and metrics.
  if (options.config.ROLE === 'worker') return
  await app.register(docs)
  await app.register(graphql)
  await app.register(mcp)
  await app.register(asyncapi)
}
