import websocket from '@fastify/websocket'
import fp from 'fastify-plugin'
import { problem } from '../src/contracts/errors.ts'
import { MAX_FRAME_BYTES, SUBPROTOCOL } from '../src/contracts/frames.ts'
import { type Actor, TIER_FACTOR } from '../src/contracts/policy.ts'
import { createEventLog } from '../src/db/event-log.ts'
import { toProblem } from '../src/http/to-problem.ts'
import { createHub, type Hub } from '../src/sockets/hub.ts'
import { registerHubMetrics } from '../src/sockets/metrics.ts'
import { isAllowedOrigin } from '../src/sockets/origin.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The socket hub: features register their commands, topics and projections with it. */
    hub: Hub
    /** Whether a browser page of this origin may open a socket. `host` is the Host header of its request. */
    allowsOrigin(origin: string | undefined, host: string | undefined): boolean
  }
}

/** Clients come back spread over this time after a drain, ms. */
const RECONNECT_WINDOW_MS = 5000

/** WebSockets: the hub as `app.hub`, fed with events, drained before the server closes. The route is routes/websocket.ts. */
export default fp(
  async (app) => {
    const { config, events, db } = app
    const [count = 0, seconds = 60] = config.RATE_LIMIT_SOCKET.split('/').map(Number)
    const unlimited = { burst: Number.MAX_SAFE_INTEGER, perSecond: Number.MAX_SAFE_INTEGER }
    const hub = await createHub({
      authenticate: app.authenticate,
      refresh: async (actor) => (actor.sessionId === undefined ? actor : app.sessions.actorOf(actor.sessionId)),
      log: createEventLog(db),
      pubsub: app.pubsub,
      broadcaster: app.frames,
      allowance: (actor: Actor | undefined) => {
        const burst = count * TIER_FACTOR[actor?.tier ?? 'free']
        return config.RATE_LIMIT_ENABLED ? { burst, perSecond: burst / seconds } : unlimited
      },
      toProblem,
      onError: (err) => app.log.error({ err }, 'sockets'),
    })
    app.decorate('hub', hub)
    events.onCommitted(hub.offer)
    events.onPointers(hub.point)
    events.on('session.revoked', ({ topic, data }) => {
      const userId = topic.slice('user:'.length)
      hub.control({ kind: 'revoke', userId, sessionId: (data as { sessionId: string }).sessionId })
    })
    for (const name of ['workspace.member_removed', 'workspace.member_updated'] as const) {
      events.on(name, ({ data }) => hub.control({ kind: 'recheck', userId: (data as { userId: string }).userId }))
    }
    hub.authorize('user', async (actor, id) => {
      if (actor.userId !== id) throw problem('NOT_FOUND', { detail: 'No such topic' })
    })

    const allowed = [...config.CORS_ORIGINS.split(',').map((origin) => origin.trim()), config.PUBLIC_URL ?? '']
    app.decorate('allowsOrigin', (origin, host) => isAllowedOrigin(origin, host, allowed))
    registerHubMetrics(app.metrics, hub.stats)
    app.health.add('websocket', async () => ({ status: 'ok', connections: hub.stats().connections }))

    await app.register(websocket, {
      options: {
        maxPayload: MAX_FRAME_BYTES,
        perMessageDeflate: false,
        clientTracking: false,
        handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
      },
      preClose(done) {
        hub
          .drain(RECONNECT_WINDOW_MS)
          .then(() => this.websocketServer.close())
          .then(() => done(), done)
      },
    })
    app.addHook('onClose', () => hub.close())
  },
  { name: 'websockets', dependencies: ['config', 'db', 'pubsub', 'events', 'auth', 'metrics'] },
)
