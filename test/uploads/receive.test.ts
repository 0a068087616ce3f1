import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { StorageError } from '../../src/contracts/storage.ts'
import type { Upload } from '../../src/uploads/model.ts'
import { type Person, person, testApp } from '../helpers/app.ts'
import { fileForm, form } from './form.ts'

const stored = (app: FastifyInstance) =>
  readdirSync(join(app.config.DATA_DIR, 'storage'), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )

/** Bytes reserved, and the sum of what is there: always the same. */
async function accounts(app: FastifyInstance, workspaceId: string) {
  const [row] = await app.db.sql<{ used: number; sum: number; receiving: number }[]>`
    select coalesce((select used_bytes from workspace_storage where workspace_id = ${workspaceId}), 0)::int8 as used,
      coalesce(sum(size) filter (where deleted_at is null), 0)::int8 as sum,
      count(*) filter (where state = 'receiving')::int as receiving
    from uploads where workspace_id = ${workspaceId}`
  return row as { used: number; sum: number; receiving: number }
}

async function until(what: string, check: () => Promise<boolean> | boolean) {
  for (const end = Date.now() + 5000; !(await check()); await pause(10)) {
    if (Date.now() > end) throw new Error(`never came: ${what}`)
  }
}

/** A listening app with one user and the user's workspace. */
async function world(t: Test, env: Record<string, string> = {}) {
  const app = await testApp(t, { env })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const ada = await person(app)
  const { items } = (await ada.get('/api/workspaces')).json<{ items: { id: string }[] }>()
  return { app, port, ada, workspaceId: items[0]?.id ?? '' }
}

/** Begins an upload over a socket of its own; sends as much of the form as is asked. */
function begin(port: number, who: Person, { payload, headers }: ReturnType<typeof form>, bytes: number) {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  let received = ''
  socket.setEncoding('utf8').on('data', (data) => {
    received += data
  })
  const lines = Object.entries({ host: 'x', ...who.headers, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  socket.write(`POST /api/uploads HTTP/1.1\r\n${lines.join('')}\r\n`)
  socket.write(payload.subarray(0, bytes))
  return { socket, received: () => received, finish: () => socket.write(payload.subarray(bytes)) }
}

const post = (who: Person, { payload, headers }: ReturnType<typeof form>, key?: string) =>
  who.post('/api/uploads', payload, { ...headers, ...(key && { 'idempotency-key': key }) })

t.test('uploads that are not finished leave nothing', async (t) => {
  const { app, port, ada, workspaceId } = await world(t)
  const sent = fileForm('half.bin', randomBytes(500_000))
  const half = begin(port, ada, sent, 300_000)
  await until(
    'the first half',
    async () => (await accounts(app, workspaceId)).receiving === 1 && stored(app).length === 1,
  )
  t.same((await ada.get('/api/uploads')).json<{ items: [] }>().items, [], 'it is not visible')
  half.socket.destroy()
  await until('the clean-up', async () => (await accounts(app, workspaceId)).receiving === 0)
  t.same(await accounts(app, workspaceId), { used: 0, sum: 0, receiving: 0 })
  t.same(stored(app), [])

  const second = begin(
    port,
    ada,
    form({ filename: 'a', content: 'whole' }, { filename: 'b', content: randomBytes(200_000) }),
    100_000,
  )
  await until('the first file', () => stored(app).length === 2)
  second.socket.resetAndDestroy()
  await until('the clean-up', async () => (await accounts(app, workspaceId)).receiving === 0)
  t.same(stored(app), [], 'a form is taken whole or not at all')

  const whole = begin(port, ada, sent, 100)
  await pause(0)
  whole.finish()
  await until('an answer', () => whole.received().includes('"sha256"'))
  t.match(whole.received(), /^HTTP\/1.1 201 /)
  t.same(await accounts(app, workspaceId), { used: 500_000, sum: 500_000, receiving: 0 })
  whole.socket.destroy()
})

t.test('too much is refused before it is sent', async (t) => {
  const { app, port, ada, workspaceId } = await world(t, {
    UPLOAD_MAX_BYTES: '5000000',
    WORKSPACE_MAX_BYTES: '9000000',
  })
  const head = fileForm('big', 'x')
  const claim = (length: number) => ({ ...head, headers: { ...head.headers, 'content-length': String(length) } })
  const large = begin(port, ada, claim(7_000_000), 10)
  await until('an answer', () => large.received().includes('PAYLOAD_TOO_LARGE'))
  t.match(large.received(), /^HTTP\/1.1 413 /)
  large.socket.destroy()
  await post(ada, fileForm('a', Buffer.alloc(4_900_000)))
  await post(ada, fileForm('b', Buffer.alloc(3_900_000)))
  const full = begin(port, ada, claim(5_000_000), 150)
  await until('an answer', () => full.received().includes('QUOTA_EXCEEDED'))
  t.match(full.received(), /^HTTP\/1.1 413 [\s\S]*200000 bytes left/)
  full.socket.destroy()
  await until('the clean-up', async () => (await accounts(app, workspaceId)).receiving === 0)
  t.same(await accounts(app, workspaceId), { used: 8_800_000, sum: 8_800_000, receiving: 0 })
})

t.test('the quota holds against parallel uploads, to the byte', async (t) => {
  const { app, ada, workspaceId } = await world(t, { WORKSPACE_MAX_BYTES: '1000000', DATABASE_POOL: '10' })
  const race = (count: number, bytes: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => post(ada, fileForm(`${i}`, randomBytes(bytes)))))
  const answers = await race(12, 150_000)
  t.same(
    answers.map(({ statusCode }) => statusCode).filter((status) => status !== 201 && status !== 413),
    [],
  )
  const made = answers.filter(({ statusCode }) => statusCode === 201).length
  t.ok(made >= 1 && made <= 6, `${made} fit at most`)
  for (const answer of answers)
    if (answer.statusCode === 413) t.equal(answer.json<{ code: string }>().code, 'QUOTA_EXCEEDED')
  t.same(await accounts(app, workspaceId), { used: made * 150_000, sum: made * 150_000, receiving: 0 })
  t.equal(stored(app).length, made)

  for (const { id } of (await ada.get('/api/uploads')).json<{ items: Upload[] }>().items)
    await ada.delete(`/api/uploads/${id}`)
  t.same(await accounts(app, workspaceId), { used: 0, sum: 0, receiving: 0 }, 'deleting frees it')
  const pair = await race(2, 500_000)
  t.same(
    pair.map(({ statusCode }) => statusCode),
    [201, 201],
    'two that fit exactly do not refuse each other',
  )
  t.equal((await post(ada, fileForm('one too many', 'x'))).json<{ code: string }>().code, 'QUOTA_EXCEEDED')
  t.equal((await post(ada, fileForm('empty', ''))).statusCode, 201, 'nothing fits always')
})

t.test('Idempotency-Key: what counts is what was sent, not how', async (t) => {
  const { app, ada, workspaceId } = await world(t)
  const first = await post(ada, fileForm('a.ts', 'one'), 'key-1')
  const again = await post(ada, fileForm('a.ts', 'one'), 'key-1')
  t.match([first.statusCode, again.statusCode, again.headers['idempotency-replayed']], [201, 201, 'true'])
  t.same(again.json(), first.json(), 'another boundary, the same request')
  t.equal(again.headers.location, first.headers.location)
  const rows: [string, ReturnType<typeof form>][] = [
    ['another content of the same length', fileForm('a.ts', 'two')],
    ['another name', fileForm('b.ts', 'one')],
    ['one file more', form({ filename: 'a.ts', content: 'one' }, { filename: 'b.ts', content: '' })],
  ]
  for (const [name, other] of rows) {
    const answer = await post(ada, other, 'key-1')
    t.match([answer.statusCode, answer.json()], [422, { code: 'IDEMPOTENCY_MISMATCH' }], name)
  }
  t.equal((await post(ada, fileForm('a', 'x'), 'bad key')).statusCode, 400)
  const eve = await person(app, 'eve')
  t.equal(
    (await post(eve, fileForm('a.ts', 'one'), 'key-1')).headers['idempotency-replayed'],
    undefined,
    'keys are per user',
  )

  const parallel = await Promise.all(Array.from({ length: 5 }, () => post(ada, fileForm('p.ts', 'parallel'), 'key-2')))
  const created = parallel.filter(({ statusCode, headers }) => statusCode === 201 && !headers['idempotency-replayed'])
  t.equal(created.length, 1, 'one of five is the first')
  for (const { statusCode } of parallel) t.ok([201, 409].includes(statusCode))
  const receiving = async () => (await accounts(app, workspaceId)).receiving
  await until('the clean-up of the others', async () => stored(app).length === 3 && (await receiving()) === 0)
  t.same(await accounts(app, workspaceId), { used: 11, sum: 11, receiving: 0 })
})

t.test('a full disk is 507, and nothing of the file is left', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-full-'))
  const real = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', dataDir]).status === 0
  t.teardown(() => {
    if (real) spawnSync('umount', ['-l', dataDir])
    rmSync(dataDir, { recursive: true, force: true })
  })
  const { app, ada, workspaceId } = await world(t, { DATA_DIR: dataDir })
  // Where nothing may be mounted, the storage fails as the suite of its adapter shows that it does.
  const { put } = app.storage
  if (!real) {
    app.storage.put = async (key, source, options) => {
      const { size } = await put(key, source, options)
      if (size < 1_000_000) return put(key, Readable.from([Buffer.from('small')]))
      await app.storage.delete(key)
      throw new StorageError('FULL', 'full')
    }
  }
  const full = await post(ada, fileForm('big.bin', randomBytes(5_000_000)))
  t.match([full.statusCode, full.json()], [507, { code: 'STORAGE_FULL' }], real ? 'a real disk of 2 MiB' : 'pretended')
  t.notMatch(full.body, dataDir, 'no path of the machine')
  t.same(stored(app), [])
  t.same(await accounts(app, workspaceId), { used: 0, sum: 0, receiving: 0 })
  t.equal((await post(ada, fileForm('small', 'small'))).statusCode, 201, 'the server lives')
  app.storage.put = async () => {
    throw new StorageError('UNAVAILABLE', 'gone')
  }
  const gone = await post(ada, fileForm('x', 'x'))
  t.match(
    [gone.statusCode, gone.json(), gone.headers['retry-after']],
    [503, { code: 'DEPENDENCY_UNAVAILABLE' }, String],
  )
})

t.test('what a crash left is swept', async (t) => {
  const { app, ada, workspaceId } = await world(t)
  const kept = (await post(ada, fileForm('kept', 'kept'))).json<Upload>()
  const [dead, alive, deleted] = ['a', 'b', 'c'].map((last) => `01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b1${last}`) as [
    string,
    string,
    string,
  ]
  const objects = join(app.config.DATA_DIR, 'storage', 'objects', workspaceId)
  mkdirSync(objects, { recursive: true })
  for (const id of [dead, alive, deleted]) {
    writeFileSync(join(objects, id), 'left')
    await app.db.sql`
      insert into uploads (id, workspace_id, name, size, storage_key, state, updated_at, deleted_at)
      values (${id}, ${workspaceId}, 'left', 4, ${`${workspaceId}/${id}`}, ${id === deleted ? 'ready' : 'receiving'},
        now() - make_interval(mins => ${id === dead ? 16 : 0}), ${id === deleted ? new Date().toISOString() : null})`
  }
  await app.db.sql`update workspace_storage set used_bytes = used_bytes + 8 where workspace_id = ${workspaceId}`
  t.same(await app.uploads.sweep(), { unfinished: 1, deleted: 1 })
  t.same(await app.uploads.sweep(), { unfinished: 0, deleted: 0 }, 'once')
  t.same(readdirSync(objects).sort(), [kept.id, alive].sort())
  t.same(await accounts(app, workspaceId), { used: 8, sum: 8, receiving: 1 })
  app.storage.delete = async () => {
    throw new StorageError('UNAVAILABLE', 'gone')
  }
  t.equal((await ada.delete(`/api/uploads/${kept.id}`)).statusCode, 204, 'a delete does not wait for the storage')
  await t.rejects(app.uploads.sweep(), { code: 'UNAVAILABLE' })
  t.same(readdirSync(objects).sort(), [kept.id, alive].sort(), 'and is not forgotten')
})

t.test('large files pass in bounded memory, chunked and without a length', async (t) => {
  const { app, port, ada } = await world(t)
  const { payload, headers } = fileForm('large.bin', '')
  const cut = payload.lastIndexOf('\r\n--')
  const chunk = randomBytes(1024 * 1024)
  let peak = 0
  const before = process.memoryUsage().rss
  async function* body() {
    yield payload.subarray(0, cut)
    for (let i = 0; i < 100; i++) {
      yield chunk
      peak = Math.max(peak, process.memoryUsage().rss)
    }
    yield payload.subarray(cut)
  }
  const { 'content-length': _, ...chunked } = headers
  const options = { port, method: 'POST', path: '/api/uploads', headers: { ...ada.headers, ...chunked } }
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    Readable.from(body()).pipe(httpRequest(options, resolve).on('error', reject))
  })
  const made = JSON.parse(Buffer.concat(await answer.toArray()).toString()) as Upload
  t.match([answer.statusCode, made.size], [201, 100 * 1024 * 1024])
  t.ok(peak - before < 80 * 1024 * 1024, `${Math.round((peak - before) / 1e6)} MB more at the peak`)
  let size = 0
  const download = await new Promise<IncomingMessage>((resolve) =>
    httpRequest({ port, path: `/api/uploads/${made.id}/content`, headers: ada.headers }, resolve).end(),
  )
  for await (const piece of download) size += (piece as Buffer).length
  t.equal(size, made.size)
  t.equal(stored(app).length, 1)
})
