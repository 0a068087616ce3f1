import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import type * as Sdk from '../../sdk/index.ts'
import { testApp } from '../helpers/app.ts'
import { browserTest } from '../helpers/browser.ts'
import { faultyProxy } from '../helpers/faulty-proxy.ts'
import { seededRandom } from '../helpers/random.ts'

/** What a page may have to load for real time. */
const SOCKET_LIMIT = 15 * 1024

/** The package as `npm pack` would take it. */
function builtPackage(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'parley-sdk-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const done = spawnSync(process.execPath, ['sdk/build.js', folder], { encoding: 'utf8' })
  t.equal(done.status, 0, `the package is built ${done.stderr}`)
  return folder
}

async function world(t: Test, webRoot?: string) {
  const app = await testApp(t, webRoot === undefined ? {} : { webRoot })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const proxy = await faultyProxy(t, { random: seededRandom(1), target: () => port })
  return { url: `http://127.0.0.1:${proxy.port}`, proxy }
}

t.test('the socket part stays small, and takes nothing of the server along', async (t) => {
  for (const [entry, limit] of [
    ['sdk/socket.ts', SOCKET_LIMIT],
    ['sdk/index.ts', 2 * SOCKET_LIMIT],
  ] as const) {
    const { outputFiles, metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      write: false,
      metafile: true,
    })
    const bytes = gzipSync(outputFiles[0]?.contents ?? '').length
    t.ok(bytes > 1000 && bytes <= limit, `${entry}: ${bytes} bytes of at most ${limit}`)
    t.same(
      Object.keys(metafile.inputs).filter((path) => !path.startsWith('sdk/')),
      [],
    )
  }
})

t.test('the built package works in Node', async (t) => {
  const folder = builtPackage(t)
  const { exports } = JSON.parse(readFileSync('sdk/package.json', 'utf8'))
  for (const { types, default: script } of Object.values<{ types: string; default: string }>(exports)) {
    for (const path of [types, script])
      t.ok(readFileSync(join(folder, path.replace('./dist/', ''))).length > 0, `${path} is there`)
  }
  const { createParley } = (await import(pathToFileURL(join(folder, 'index.js')).href)) as typeof Sdk
  const { url } = await world(t)
  const parley = createParley({ url, WebSocket })
  t.teardown(parley.close)
  await parley.auth.register({ email: 'ada@example.org', password: 'long enough to keep' })
  const { id } = await parley.rest.createConversation({ body: { title: 'Typed', assistant: 'off' } })
  const room = parley.socket.subscribe(`conversation:${id}`)
  await room.ready
  const events = room[Symbol.asyncIterator]()
  await parley.rest.sendMessage({ path: { id }, body: { content: 'by REST' } })
  t.match((await events.next()).value, { name: 'message.created', data: { content: 'by REST' } })
  t.match(await parley.rest.listConversations(), { items: [{ id, title: 'Typed' }] })
  await t.rejects(parley.rest.getConversation({ path: { id: crypto.randomUUID() } }), {
    code: 'NOT_FOUND',
    status: 404,
  })
})

browserTest(t, 'the built package works in a browser, asleep and offline', async (t, browser) => {
  const folder = builtPackage(t)
  // The server itself serves the page: a page from elsewhere may not open a socket to this machine.
  const webRoot = mkdtempSync(join(tmpdir(), 'parley-sdk-page-'))
  t.teardown(() => rmSync(webRoot, { recursive: true, force: true }))
  writeFileSync(join(webRoot, 'index.html'), '<!doctype html><script type="module" src="/assets/page.js"></script>')
  cpSync(folder, join(webRoot, 'assets'), { recursive: true })
  copyFileSync('test/fixtures/sdk/page.js', join(webRoot, 'assets', 'page.js'))
  const { url, proxy } = await world(t, webRoot)
  const page = await browser.newPage()
  await page.goto(url)
  await page.evaluate('begin()')
  const reached = (state: string) => page.evaluate(`reached('${state}')`)

  proxy.partition()
  await reached('waiting')
  await page.evaluate("write('written offline')")
  proxy.heal()
  await page.evaluate("wake('online')")
  t.match(
    await page.evaluate("last('written offline')"),
    { seen: ['first', 'written offline'], waiting: 0 },
    'the network is back',
  )

  proxy.freeze()
  await page.evaluate("wake('pageshow')")
  await reached('waiting')
  t.pass('a connection that died while the page slept is found out')
  await page.evaluate("write('written after sleep')")
  await page.evaluate("wake('pageshow')")
  t.match(
    await page.evaluate("last('written after sleep')"),
    { seen: ['first', 'written offline', 'written after sleep'], waiting: 0 },
    'and it comes back when it is looked at',
  )
})
