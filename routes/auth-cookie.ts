import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { CookieSignIn } from '../src/accounts/model.ts'
import { problem } from '../src/contracts/errors.ts'
import { problems, Ref } from '../src/contracts/http.ts'

const tags = ['auth']

/** What pages that are signed in by cookies need beyond the routes that everybody has. */
const authCookieRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/auth/cookie',
    {
      config: { auth: 'public', limit: 'read' },
      schema: {
        tags,
        operationId: 'getCookieSignIn',
        summary: 'The CSRF token of the session of your cookies, for a page that was loaded anew',
        response: { 200: Ref(CookieSignIn), ...problems(401) },
      },
    },
    async (request) => {
      const session = app.cookieSignIn.refreshOf(request)
      if (session === undefined) throw problem('UNAUTHENTICATED', { detail: 'There is no cookie of a session' })
      await app.sessions.actorOf(session.userId, session.sessionId)
      const { csrfTokenOf, secondsLeft } = app.cookieSignIn
      return { csrfToken: csrfTokenOf(session.sessionId), expiresIn: secondsLeft(request) }
    },
  )

  app.post(
    '/api/auth/cookie/refresh',
    {
      config: { auth: 'public', limit: 'write' },
      schema: {
        tags,
        operationId: 'refreshCookies',
        summary: 'Exchange your refresh cookie for a new pair of cookies',
        response: { 200: Ref(CookieSignIn), ...problems(401, 403) },
      },
    },
    async (request, reply) => {
      const session = app.cookieSignIn.refreshOf(request)
      if (session === undefined) throw problem('UNAUTHENTICATED', { detail: 'There is no cookie of a session' })
      app.cookieSignIn.demandGenuine(request, session.sessionId)
      return app.cookieSignIn.give(reply, await app.sessions.refresh(session.token, request.origin))
    },
  )
}

export default authCookieRoutes
