import cookie from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isApiKey } from '../src/accounts/api-key-tokens.ts'
import { createCsrf } from '../src/accounts/csrf.ts'
import { CookieSignIn, type TokenPair } from '../src/accounts/model.ts'
import { isTokenPair, type NamedSession } from '../src/accounts/refresh-tokens.ts'
import { problem } from '../src/contracts/errors.ts'
import { crossSiteFault, isSafe } from '../src/http/cross-site.ts'

/** Signing in by cookies: no script ever sees a token. */
interface CookieSignInApi {
  /** The access token of a request's cookies. */
  accessOf(request: FastifyRequest): string | undefined
  /** The refresh token of a request's cookies, and what it names, if it is one of ours. */
  refreshOf(request: FastifyRequest): (NamedSession & { token: string }) | undefined
  /** Seconds for which the access cookie of a request is good; 0 without one. */
  secondsLeft(request: FastifyRequest): number
  /** The token that unsafe requests of a session have to carry. */
  csrfTokenOf(sessionId: string): string
  /** Refuses what another page may have made: an unsafe request without the token of its session, or from elsewhere. Throws CSRF_REFUSED. */
  demandGenuine(request: FastifyRequest, sessionId: string | undefined): void
  /** Puts a pair of tokens into cookies; answers what the page gets instead. */
  give(reply: FastifyReply, pair: TokenPair): { csrfToken: string; expiresIn: number }
  /** Takes the cookies back, where there are any. */
  clear(request: FastifyRequest, reply: FastifyReply): void
}

declare module 'fastify' {
  interface FastifyInstance {
    cookieSignIn: CookieSignInApi
  }
}

const ACCESS = '__Host-parley'
const REFRESH = '__Host-parley-refresh'
/** The prefix has browsers refuse them without Secure and Path=/, or with a Domain (RFC 6265bis section 4.1.3.2). */
const ATTRIBUTES = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' } as const

const refuse = (detail: string) => problem('CSRF_REFUSED', { detail })
/** Whoever signs in with `X-Auth-Mode: cookie` gets cookies in place of tokens, whichever route it is that signs in. */
export default fp(
  async (app) => {
    const { config, refreshTokens, sessions } = app
    const csrf = createCsrf(config.COOKIE_SECRET)
    app.addSchema(CookieSignIn)
    await app.register(cookie)

    const api: CookieSignInApi = {
      accessOf({ cookies: { [ACCESS]: token } }) {
        return token === undefined || isApiKey(token) ? undefined : token
      },
      refreshOf(request) {
        const token = request.cookies[REFRESH]
        const named = token === undefined ? undefined : refreshTokens.read(token)
        return token === undefined || named === undefined ? undefined : { ...named, token }
      },
      secondsLeft(request) {
        try {
          return Math.floor(app.accessTokens.verify(request.cookies[ACCESS] ?? '').exp - Date.now() / 1000)
        } catch {
          return 0
        }
      },
      csrfTokenOf: csrf.tokenOf,
      demandGenuine({ method, headers }, sessionId) {
        if (isSafe(method)) return
        const fault = crossSiteFault(headers, app.allowsOrigin)
        if (fault !== undefined) throw refuse(fault)
        if (sessionId === undefined || !csrf.fits(sessionId, headers['x-csrf-token']))
          throw refuse('Send the csrfToken of your session as X-CSRF-Token')
      },
      give(reply, { accessToken, refreshToken, expiresIn }) {
        reply.setCookie(ACCESS, accessToken, { ...ATTRIBUTES, maxAge: expiresIn })
        reply.setCookie(REFRESH, refreshToken, { ...ATTRIBUTES, maxAge: config.REFRESH_TOKEN_TTL })
        return { csrfToken: csrf.tokenOf(refreshTokens.read(refreshToken)?.sessionId ?? ''), expiresIn }
      },
      clear(request, reply) {
        for (const name of [ACCESS, REFRESH])
          if (request.cookies[name] !== undefined) reply.clearCookie(name, ATTRIBUTES)
      },
    }
    app.decorate('cookieSignIn', api)

    app.addHook('onRequest', async ({ headers }) => {
      // Nobody shall be signed in by another page, to an account of that page's choice.
      const fault = headers['x-auth-mode'] === 'cookie' ? crossSiteFault(headers, app.allowsOrigin) : undefined
      if (fault !== undefined) throw refuse(fault)
    })
    app.addHook('preSerialization', async (request, reply, payload) => {
      if (request.headers['x-auth-mode'] !== 'cookie' || !isTokenPair(payload)) return payload
      const before = api.refreshOf(request)
      const session = refreshTokens.read(payload.refreshToken)?.sessionId
      if (before !== undefined && before.sessionId !== session) await sessions.replaced(before, request.origin)
      reply.serializer(reply.compileSerializationSchema(CookieSignIn as never) as (body: unknown) => string)
      return { ...(payload.user === undefined ? {} : { user: payload.user }), ...api.give(reply, payload) }
    })
  },
  { name: 'cookie-sign-in', dependencies: ['config', 'errors', 'security', 'tokens', 'sessions'] },
)
