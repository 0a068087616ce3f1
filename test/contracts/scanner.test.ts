import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createClamdScanner } from '../../src/adapters/scanner/clamd.ts'
import { fakeClamd } from '../helpers/clamd.ts'

// The EICAR test file, in two halves: whole, it would alarm the scanners of whoever checks this out.
const EICAR = Buffer.from(['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join(''))

/** A real clamd with EICAR as its only signature, where the machine has one. */
async function realClamd(t: Test): Promise<string | undefined> {
  if (spawnSync('clamd', ['--help']).error) return undefined
  const dir = mkdtempSync(join(tmpdir(), 'parley-clamd-'))
  chmodSync(dir, 0o777)
  const socket = join(dir, 'clamd.sock')
  writeFileSync(join(dir, 'eicar.ndb'), `Eicar-Test:0:0:${EICAR.toString('hex')}\n`)
  const config = {
    LocalSocket: socket,
    DatabaseDirectory: dir,
    Foreground: 'yes',
    StreamMaxLength: '1M',
    FixStaleSocket: 'yes',
  }
  writeFileSync(
    join(dir, 'clamd.conf'),
    Object.entries(config)
      .map((pair) => `${pair.join(' ')}\n`)
      .join(''),
  )
  const child = spawn('clamd', ['-c', join(dir, 'clamd.conf')], { stdio: 'ignore' })
  t.teardown(() => {
    child.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  })
  const scanner = createClamdScanner({ url: `unix://${socket}` })
  for (const end = Date.now() + 20_000; !(await scanner.ping()); await pause(100)) {
    if (Date.now() > end || child.exitCode !== null) throw new Error('clamd does not start')
  }
  return `unix://${socket}`
}

const backends: Record<string, (t: Test) => Promise<string | undefined>> = {
  'clamd, as its manual describes it': (t) => fakeClamd(t, { maxBytes: 1024 * 1024 }),
  'a real clamd': realClamd,
}

for (const [name, open] of Object.entries(backends)) {
  t.test(`${name}: the scanner contract`, async (t) => {
    const url = await open(t)
    if (url === undefined) return t.comment('skipped: there is no clamd on this machine')
    const scanner = createClamdScanner({ url, timeoutMs: 5000 })
    t.equal(await scanner.ping(), true)
    const rows: [string, () => Readable, string][] = [
      ['text', () => Readable.from([Buffer.from('hello')]), 'clean'],
      ['nothing', () => Readable.from([]), 'clean'],
      ['many chunks', () => Readable.from(Array.from({ length: 10 }, () => Buffer.alloc(64 * 1024, 'x'))), 'clean'],
      ['EICAR', () => Readable.from([EICAR]), 'infected'],
      ['EICAR in two pieces', () => Readable.from([EICAR.subarray(0, 20), EICAR.subarray(20)]), 'infected'],
      [
        'more than it takes',
        () => Readable.from(Array.from({ length: 200 }, () => Buffer.alloc(64 * 1024, 'x'))),
        'failed',
      ],
    ]
    for (const [name, content, verdict] of rows) {
      const source = content()
      t.match(await scanner.scan(source), { verdict }, name)
      t.equal(source.destroyed, true, `${name}: the content is let go`)
    }
    t.same(
      await Promise.all(Array.from({ length: 10 }, () => scanner.scan(Readable.from([Buffer.from('x')])))),
      Array(10).fill({ verdict: 'clean' }),
    )
  })
}

t.test('a scanner that does not do its work', async (t) => {
  const behaviours: Record<string, (socket: Socket) => void> = {
    'hangs up': (socket) => socket.destroy(),
    'is silent': () => {},
    'hangs up without an answer': (socket) => socket.once('data', () => socket.end()),
  }
  for (const [name, behave] of Object.entries(behaviours)) {
    const server = createServer((socket) => behave(socket.on('error', () => {})))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const scanner = createClamdScanner({ url: `tcp://127.0.0.1:${port}`, timeoutMs: 200 })
    const endless = new Readable({ read: () => endless.push(Buffer.alloc(64 * 1024)) })
    await t.rejects(scanner.scan(endless), { name: 'ScannerError' }, name)
    t.equal(endless.destroyed, true, name)
    server.close()
  }
  const nobody = createClamdScanner({ url: 'tcp://127.0.0.1:1' })
  await t.rejects(nobody.scan(Readable.from([Buffer.from('x')])), { name: 'ScannerError' })
  t.equal(await nobody.ping(), false)
  const broken = createClamdScanner({ url: await fakeClamd(t) })
  const failing = Readable.from(
    (async function* () {
      yield Buffer.from('x')
      throw new Error('the storage is gone')
    })(),
  )
  await t.rejects(broken.scan(failing), /the storage is gone/)
})
