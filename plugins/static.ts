import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

/** What of this plugin can be set: where the built page lies. */
export interface StaticOptions {
  webRoot?: string
}

/** For what has the hash of its content in its name. */
const FOR_EVER = 'public, max-age=31536000, immutable'

/** First segments of a path that belong to machines: nothing below them is ever answered with the page. */
const MACHINE_PATHS = new Set('api ws docs health metrics graphql v1 mcp admin assets'.split(' '))

/** Where the build puts the page, seen from the sources and from the compiled plugin. */
function builtPage(): string | undefined {
  const candidates = ['../web', '../dist/web'].map((path) => fileURLToPath(new URL(path, import.meta.url)))
  return candidates.find((path) => existsSync(join(path, 'index.html')))
}

/** Whether a browser asks to see a page of the application that has no file: `/c/<id>`, not `/favicon.ico` and not `/api/x`. */
function wantsPage({ method, url, headers }: FastifyRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  if (!(headers.accept ?? '').includes('text/html')) return false
  const segments = (url.split('?', 1)[0] ?? '/').split('/')
  return !MACHINE_PATHS.has((segments[1] ?? '').toLowerCase()) && !segments.some((segment) => /[.%\\]/.test(segment))
}

/**
 * The web page: hashed assets that may be kept for ever, index.html that is asked for anew each time, and the same index.html for
 * the page's own addresses. No listings, no dotfiles. Last of the plugins; without a built page (a server of the API alone) it adds nothing.
 */
export default fp<StaticOptions>(
  async (app, { webRoot = builtPage() }) => {
    if (webRoot === undefined || !existsSync(join(webRoot, 'index.html'))) {
      app.log.info('no web page was built: serving the API only')
      return
    }
    const assets = join(webRoot, 'assets')
    // Only its `sendFile`: the routes are declared here, as every route of this server is.
    await app.register(fastifyStatic, {
      serve: false,
      root: assets,
      index: false,
      dotfiles: 'ignore',
      preCompressed: true,
      cacheControl: false,
    })
    const open = { config: { auth: 'public' as const }, schema: { hide: true }, logLevel: 'warn' as const }
    const sendPage = (reply: FastifyReply) => reply.header('cache-control', 'no-cache').sendFile('index.html', webRoot)

    app.get('/', open, (_request, reply) => sendPage(reply))
    app.get<{ Params: { '*': string } }>('/assets/*', open, (request, reply) =>
      reply.header('cache-control', FOR_EVER).sendFile(request.params['*'], assets),
    )
    app.addHook('onRequest', (request, reply, done) => {
      if (request.is404 && wantsPage(request)) sendPage(reply)
      else done()
    })
  },
  { name: 'static', dependencies: ['errors', 'security', 'auth', 'docs'] },
)
