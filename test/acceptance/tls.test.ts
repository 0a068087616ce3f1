import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { testDatabase } from '../helpers/database.ts'
import { dataFolder, failedStart, projectRoot, startServer } from '../helpers/server-process.ts'

const fixture = (name: string) => join(projectRoot, 'test', 'fixtures', 'tls', name)

/** A pair of files that a test may replace. */
function pair(t: Test) {
  const dir = mkdtempSync(join(tmpdir(), 'parley-tls-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const files = { cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') }
  const put = (name: string) => {
    copyFileSync(fixture(`${name}.crt`), files.cert)
    copyFileSync(fixture(`${name}.key`), files.key)
  }
  put('first')
  return { ...files, put }
}

/** The common name of the certificate that a new connection gets; rejects when there is no connection. */
function certificateOf(port: number, options: object = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

t.test('HTTPS and WSS, and a renewed certificate without a restart', async (t) => {
  const files = pair(t)
  const env = {
    DATABASE_URL: await testDatabase(t),
    TLS_CERT_FILE: files.cert,
    TLS_KEY_FILE: files.key,
    DATA_DIR: dataFolder(t),
  }
  const server = startServer(t, { env })
  const listening = () => /listening at (https:\/\/[^"\s]+)/.exec(server.output())?.[1]
  while (listening() === undefined && server.child.exitCode === null) await delay(25)
  const origin = new URL(listening() ?? '')
  const port = Number(origin.port)
  t.equal(await certificateOf(port), 'first.parley.test')
  await t.rejects(certificateOf(port, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }), 'nothing below TLS 1.2')

  const socket = new WebSocket(`wss://127.0.0.1:${port}/ws`, ['parley.v1'], { ca: readFileSync(files.cert) })
  const hello = await new Promise((resolve, reject) =>
    socket.once('message', (data) => resolve(String(data))).once('error', reject),
  )
  t.match(hello, /"hello"/)
  socket.terminate()

  writeFileSync(files.cert, 'not a certificate')
  server.child.kill('SIGHUP')
  const said = async (text: string) => {
    for (const end = Date.now() + 10_000; !server.output().includes(text) && Date.now() < end; ) await delay(25)
    return server.output().includes(text)
  }
  t.ok(await said('keeping the old one'))
  t.equal(await certificateOf(port), 'first.parley.test')

  files.put('second')
  server.child.kill('SIGHUP')
  t.ok(await said('took up the certificate anew'))
  t.equal(await certificateOf(port), 'second.parley.test')
  t.match(server.output(), `wss://127.0.0.1:${port}/ws`, 'the banner tells the secure address')
  t.equal(await server.stop(), 0)
})

t.test('a certificate that cannot be used stops the start', async (t) => {
  const files = pair(t)
  const cases: [string, Record<string, string>, RegExp][] = [
    ['one of two', { TLS_CERT_FILE: files.cert }, /are needed together/],
    ['no such file', { TLS_CERT_FILE: `${files.cert}x`, TLS_KEY_FILE: files.key }, /cannot be used: ENOENT/],
    ['not a pair', { TLS_CERT_FILE: files.cert, TLS_KEY_FILE: fixture('second.key') }, /cannot be used/],
  ]
  for (const [name, env, message] of cases)
    t.match(await failedStart(t, { DATA_DIR: dataFolder(t), ...env }), { code: 78, output: message }, name)
})
