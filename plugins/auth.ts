import type { FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { isApiKey } from '../src/accounts/api-key-tokens.ts'
import type { Origin } from '../src/contracts/audit.ts'
import { problem } from '../src/contracts/errors.ts'
import type { RouteDeclaration } from '../src/contracts/http.ts'
import { type Actor, demandScope } from '../src/contracts/policy.ts'

/** A caller that has shown a valid token. */
export interface Identity {
  actor: Actor
  /** When its token runs out, in milliseconds since 1970. */
  expiresAt: number
}

declare module 'fastify' {
  interface FastifyContextConfig extends Partial<RouteDeclaration> {}
  interface FastifyInstance {
    /** Tells who a token stands for right now; the one way in for HTTP, WebSocket and all others. Throws a 401 or 403 problem. */
    authenticate(token: string): Promise<Identity>
  }
  interface FastifyRequest {
    /** Who has called, where the route asked for it. */
    identity: Identity | null
    /** The actor of a route that is not public. */
    readonly actor: Actor
    /** From where it comes: for sessions and the audit log. */
    readonly origin: Origin
  }
}

const BEARER = /^Bearer ([\w.~+/=-]+)$/i

function bearerOf({ headers: { authorization: header } }: FastifyRequest): string {
  const token = header === undefined ? undefined : BEARER.exec(header)?.[1]
  if (token !== undefined) return token
  const detail =
    header === undefined
      ? 'Send an access token: Authorization: Bearer <token>'
      : 'Authorization must be: Bearer <token>'
  throw problem('UNAUTHENTICATED', { detail, headers: { 'www-authenticate': 'Bearer' } })
}

function declared({ config, url, method }: RouteOptions) {
  if (config?.auth === undefined) throw new Error(`Route ${method} ${url} must declare who may call it: config.auth`)
  if (config.auth !== 'public' && config.needs === undefined)
    throw new Error(`Route ${method} ${url} must declare which role it needs: config.needs (contracts/policy.ts)`)
}

/** Authentication in one place: every route declares who may call it, and boot fails for one that does not. */
export default fp(
  async (app) => {
    app.decorate('authenticate', async (token: string): Promise<Identity> => {
      if (isApiKey(token)) return { actor: await app.apiKeys.actorOf(token), expiresAt: Number.POSITIVE_INFINITY }
      const { sub, sid, exp } = app.accessTokens.verify(token)
      return { actor: await app.sessions.actorOf(sub, sid), expiresAt: exp * 1000 }
    })
    app.decorateRequest('identity', null)
    app.decorateRequest('actor', {
      getter(this: FastifyRequest) {
        if (this.identity === null) throw problem('UNAUTHENTICATED')
        return this.identity.actor
      },
    })
    app.decorateRequest('origin', {
      getter(this: FastifyRequest) {
        return { requestId: this.id, address: this.ip, userAgent: this.headers['user-agent'] }
      },
    })
    const routes: RouteOptions[] = []
    app.addHook('onRoute', (route) => void routes.push(route))
    app.addHook('onReady', async () => routes.forEach(declared))
    app.addHook('onRequest', async (request, reply) => {
      if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store')
      const { auth, scope } = request.routeOptions.config
      if (auth === undefined || auth === 'public') return
      const cookie = request.headers.authorization === undefined ? app.cookieSignIn.accessOf(request) : undefined
      request.identity = await app.authenticate(cookie ?? bearerOf(request))
      if (cookie !== undefined) app.cookieSignIn.demandGenuine(request, request.identity.actor.sessionId)
      // What topics and tools need is demanded where they are followed or called.
      if (scope !== 'topics' && scope !== 'tools') demandScope(request.identity.actor, scope)
      if (auth === 'admin' && request.identity.actor.role !== 'admin')
        throw problem('FORBIDDEN', { detail: 'For administrators only' })
    })
  },
  { name: 'auth', dependencies: ['errors', 'tokens', 'sessions', 'cookie-sign-in'] },
)
