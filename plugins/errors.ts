import fp from 'fastify-plugin'
import findMyWay, { type HTTPMethod } from 'find-my-way'
import { problem } from '../src/contracts/errors.ts'
import { ProblemDetails } from '../src/contracts/http.ts'
import { answerProblem } from '../src/http/answer.ts'
import { parseJsonBody } from '../src/http/json-body.ts'
import { toProblem } from '../src/http/to-problem.ts'

const MAX_URL = 8 * 1024
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/**
 * Every error as problem+json (RFC 9457), with a stable code; 404 and 405 (with Allow) for what matches no route; JSON bodies parsed
 * strictly.
 */
export default fp(
  async (app) => {
    app.addSchema(ProblemDetails)
    const known = findMyWay({ ignoreTrailingSlash: false })
    app.addHook('onRoute', ({ method, url }) => {
      for (const each of [method].flat()) {
        if (METHODS.includes(each as never) && !known.hasRoute(each as HTTPMethod, url))
          known.on(each as HTTPMethod, url, () => {})
      }
    })
    app.addHook('onRequest', (request, _reply, done) => {
      done(request.url.length > MAX_URL ? problem('URI_TOO_LONG', { detail: `At most ${MAX_URL} bytes` }) : undefined)
    })
    app.setErrorHandler((error, request, reply) => answerProblem(toProblem(error), request, reply))
    app.setNotFoundHandler((request, reply) => {
      const path = request.url.split('?', 1)[0] ?? '/'
      const allowed = METHODS.filter((method) => known.find(method, path) !== null)
      if (allowed.length === 0 || allowed.includes(request.method as never)) {
        return answerProblem(
          problem('ROUTE_NOT_FOUND', { detail: `There is no ${request.method} ${path}` }),
          request,
          reply,
        )
      }
      const headers = { allow: [...allowed, 'OPTIONS'].join(', ') }
      if (request.method === 'OPTIONS') return reply.headers(headers).code(204).send()
      return answerProblem(
        problem('METHOD_NOT_ALLOWED', { detail: `${path} knows ${allowed.join(', ')}`, headers }),
        request,
        reply,
      )
    })
    app.removeContentTypeParser(['application/json', 'text/plain'])
    app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
      const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(request.headers['content-type'] ?? '')?.[1]
      if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
        done(problem('UNSUPPORTED_MEDIA_TYPE', { detail: `The charset '${charset}' is not taken: send UTF-8` }))
        return
      }
      try {
        done(null, parseJsonBody(body as Buffer))
      } catch (error) {
        done(error as Error)
      }
    })
  },
  { name: 'errors', dependencies: ['logging'] },
)
