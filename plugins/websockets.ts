import type { Readable } from 'node:stream'
import websocket from '@fastify/websocket'
import fp from 'fastify-plugin'
import { problem } from '../src/contracts/errors.ts'
import { GRAPHQL_SUBPROTOCOL, MAX_FRAME_BYTES, SUBPROTOCOL } from '../src/contracts/frames.ts'
import { createEventLog } from '../src/db/event-log.ts'
import { toProblem } from '../src/http/to-problem.ts'
import { createAllowance } from '../src/sockets/allowance.ts'
import { createHub, type Hub } from '../src/sockets/hub.ts'
import { createFanOutMetric, registerHubMetrics } from '../src/sockets/metrics.ts'
import { openEventStream, type StreamRequest } from '../src/sockets/open-stream.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The socket hub: features register their commands, topics and projections with it. */
    hub: Hub
    /** Opens a stream of server-sent events: the twin of a socket. */
    eventStream(request: StreamRequest): Promise<Readable>
  }
}

/** WebSockets: the hub as `app.hub`, fed with events, drained before the server closes. The route is routes/websocket.ts. */
export default fp(
  async (app) => {
    const { config, events, db } = app
    const hub = await createHub({
      authenticate: app.authenticate,
      refresh: async (actor) => {
        if (actor.keyId !== undefined) return app.apiKeys.refresh(actor.keyId)
        return actor.sessionId === undefined ? actor : app.sessions.currentActorOf(actor.userId, actor.sessionId)
      },
      log: createEventLog(db),
      pubsub: app.pubsub,
      broadcaster: app.frames,
      allowance: createAllowance((group) => config[`RATE_LIMIT_${group}`], config.RATE_LIMIT_ENABLED),
      toProblem,
      onFanOut: createFanOutMetric(app.metrics),
      onError: (err) => app.log.error({ err }, 'sockets'),
      limits: { connectionsPerAddress: config.RATE_LIMIT_ENABLED ? config.SOCKETS_PER_ADDRESS : 0 },
    })
    app.decorate('hub', hub)
    app.decorate('eventStream', (request) => openEventStream(hub, request))
    events.onCommitted(hub.offer)
    events.onCarried(hub.offer)
    events.onPointers(hub.point)
    events.onMissed(hub.reconcile)
    events.on('session.revoked', ({ topic, data }) => {
      const userId = topic.slice('user:'.length)
      hub.control({ kind: 'revoke', userId, sessionId: (data as { sessionId: string }).sessionId })
    })
    events.on('api_key.revoked', ({ topic, data }) => {
      app.apiKeys.forget((data as { keyId: string }).keyId)
      hub.control({ kind: 'recheck', userId: topic.slice('user:'.length) })
    })
    events.on('user.updated', ({ topic }) => hub.control({ kind: 'recheck', userId: topic.slice('user:'.length) }))
    for (const name of ['workspace.deleted', 'workspace.restored'] as const) {
      events.on(name, ({ topic }) => {
        if (topic.startsWith('user:')) hub.control({ kind: 'recheck', userId: topic.slice('user:'.length) })
      })
    }
    for (const name of ['workspace.member_removed', 'workspace.member_updated'] as const) {
      events.on(name, ({ data }) => hub.control({ kind: 'recheck', userId: (data as { userId: string }).userId }))
    }
    hub.authorize('user', async (actor, id) => {
      if (actor.userId !== id) throw problem('NOT_FOUND', { detail: 'No such topic' })
    })

    registerHubMetrics(app.metrics, hub.stats)
    app.health.add('websocket', async () => ({ status: 'ok', connections: hub.stats().connections }))

    await app.register(websocket, {
      options: {
        maxPayload: MAX_FRAME_BYTES,
        perMessageDeflate: false,
        clientTracking: false,
        handleProtocols(offered, { url = '' }) {
          const spoken = /^\/graphql(?:\?|$)/.test(url) ? GRAPHQL_SUBPROTOCOL : SUBPROTOCOL
          return offered.has(spoken) ? spoken : false
        },
      },
      preClose(done) {
        hub
          .drain()
          .then(() => this.websocketServer.close())
          .then(() => done(), done)
      },
    })
    app.addHook('onClose', () => hub.close())
  },
  { name: 'websockets', dependencies: ['config', 'db', 'pubsub', 'events', 'auth', 'metrics'] },
)
