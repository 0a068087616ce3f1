import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import { testDatabase } from '../helpers/database.ts'

type BuildWeb = (outDir: string) => Promise<void>

t.test('the page and its files', async (t) => {
  const databaseUrl = await testDatabase(t)
  const folder = t.testdir({ web: {}, data: {} })
  const webRoot = join(folder, 'web')
  const build = pathToFileURL(join(import.meta.dirname, '../../web/build.js')).href
  await ((await import(build)) as { buildWeb: BuildWeb }).buildWeb(webRoot)
  writeFileSync(join(webRoot, 'assets', '.secret'), 'never shown')
  mkdirSync(join(webRoot, 'assets', 'folder'))
  const config = loadConfig({ NODE_ENV: 'test', PORT: '0', DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'fatal' })
  const app = await buildApp({ config, databaseUrl, webRoot })
  t.teardown(async () => {
    await app.close()
  })
  const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
  const get = (url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' | 'POST' = 'GET') =>
    app.inject({ method, url, headers })

  const index = await get('/', html)
  t.equal(index.statusCode, 200)
  t.match(index.headers, { 'content-type': /^text\/html/, 'cache-control': 'no-cache', etag: /./ })
  t.match(index.headers['content-security-policy'], "script-src 'self'", 'no inline scripts')
  t.notMatch(index.body, /<style|<script>| style=| on[a-z]+=/, 'nothing inline in the page')
  t.equal((await get('/', { 'if-none-match': String(index.headers.etag) })).statusCode, 304)

  const names = [...index.body.matchAll(/"(\/assets\/[^"]+)"/g)].map((match) => match[1] as string)
  t.equal(names.length, 3, 'icon, style and script')
  for (const name of names) {
    t.match(name, /-[A-Z0-9]{8}\.(svg|css|js)$/, 'the hash of the content is in the name')
    const asset = await get(name)
    t.equal(asset.statusCode, 200, name)
    t.match(asset.headers, {
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    })
    const small = await get(name, { 'accept-encoding': 'br' })
    t.match(small.headers, { 'content-encoding': 'br', 'content-type': asset.headers['content-type'] })
    t.ok(small.rawPayload.length < asset.rawPayload.length || asset.rawPayload.length < 1000)
  }

  const rows: [string, Record<string, string>, 'GET' | 'HEAD' | 'POST', number, string][] = [
    ['/c/01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11', html, 'GET', 200, 'text/html'],
    ['/c/01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11', html, 'HEAD', 200, 'text/html'],
    ['/some/page?tab=1', html, 'GET', 200, 'text/html'],
    ['/some/page', { accept: 'application/json' }, 'GET', 404, 'application/problem+json'],
    ['/some/page', {}, 'GET', 404, 'application/problem+json'],
    ['/some/page', html, 'POST', 404, 'application/problem+json'],
    ['/', html, 'POST', 405, 'application/problem+json'],
    ['/favicon.ico', html, 'GET', 404, 'application/problem+json'],
    ['/.env', html, 'GET', 404, 'application/problem+json'],
    ['/.git/config', html, 'GET', 404, 'application/problem+json'],
    ['/assets/', html, 'GET', 404, 'application/problem+json'],
    ['/assets/folder', html, 'GET', 404, 'application/problem+json'],
    ['/assets/.secret', html, 'GET', 404, 'application/problem+json'],
    ['/assets/../index.html', html, 'GET', 404, 'application/problem+json'],
    ['/assets/%2e%2e/index.html', html, 'GET', 404, 'application/problem+json'],
    ['/assets/none-ABCDEFGH.js', html, 'GET', 404, 'application/problem+json'],
    ...[
      'api',
      'api/none',
      'API/none',
      'ws/x',
      'docs/none',
      'health/none',
      'metrics/none',
      'graphql/x',
      'v1/none',
      'mcp/x',
      'admin/x',
    ].map((path): (typeof rows)[number] => [`/${path}`, html, 'GET', 404, 'application/problem+json']),
  ]
  for (const [url, headers, method, status, type] of rows) {
    const answer = await get(url, headers, method)
    t.equal(answer.statusCode, status, `${method} ${url}: ${status}`)
    t.match(String(answer.headers['content-type']), type, `${method} ${url}: ${type}`)
    if (status === 200) t.equal(answer.headers['cache-control'], 'no-cache')
    t.notMatch(answer.body, 'never shown')
  }
  t.ok(existsSync(join(webRoot, 'index.html')) && readdirSync(join(webRoot, 'assets')).length >= 6)
  t.match(readFileSync(join(webRoot, 'index.html'), 'utf8'), '<noscript>')
})

t.test('without a built page the API works as ever', async (t) => {
  const databaseUrl = await testDatabase(t)
  const lines: string[] = []
  const folder = t.testdir({ web: {}, data: {} })
  const config = loadConfig({ NODE_ENV: 'test', PORT: '0', DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'info' })
  const logDestination = { write: (line: string) => lines.push(line) }
  const { default: staticFiles } = await import('../../plugins/static.ts')
  t.equal((staticFiles as unknown as Record<symbol, { name: string }>)[Symbol.for('plugin-meta')]?.name, 'static')
  const app = await buildApp({ config, databaseUrl, webRoot: join(folder, 'web'), logDestination })
  t.teardown(async () => {
    await app.close()
  })
  t.equal((await app.inject({ url: '/', headers: { accept: 'text/html' } })).statusCode, 404)
  t.equal((await app.inject('/health/live')).statusCode, 200)
  t.match(lines.join(''), 'no web page was built')
})
