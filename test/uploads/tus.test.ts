import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import type { Upload } from '../../src/uploads/model.ts'
import { caller, type Person, person, testApp } from '../helpers/app.ts'

type Caller = Person | ReturnType<typeof caller>
const V = { 'tus-resumable': '1.0.0' }
const NOBODY = '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'
const b64 = (text: string) => Buffer.from(text).toString('base64')

const stored = (app: FastifyInstance) =>
  readdirSync(join(app.config.DATA_DIR, 'storage'), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )

const create = (who: Caller, length: number | string, metadata?: string, headers: Record<string, string> = {}) =>
  who.post('/api/uploads/tus', undefined, {
    ...V,
    'upload-length': String(length),
    ...(metadata !== undefined && { 'upload-metadata': metadata }),
    ...headers,
  })
const append = (
  who: Caller,
  location: string,
  offset: number | string,
  data: Buffer,
  headers: Record<string, string> = {},
) =>
  who.patch(location, data, {
    ...V,
    'upload-offset': String(offset),
    'content-type': 'application/offset+octet-stream',
    ...headers,
  })
const head = (app: FastifyInstance, who: Person, location: string) =>
  app.inject({ method: 'HEAD', url: location, headers: { ...who.headers, ...V } })

async function begun(who: Person, length: number, name = 'file.bin'): Promise<string> {
  const answer = await create(who, length, `filename ${b64(name)}`)
  if (answer.statusCode !== 201) throw new Error(answer.body)
  return answer.headers.location as string
}

const usage = async (app: FastifyInstance, who: Person) =>
  (await app.uploads.usage({ userId: who.id, role: 'user', tier: 'free' })).used

t.test('a resumable upload, from the first byte to the file', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const options = await app.inject({ method: 'OPTIONS', url: '/api/uploads/tus' })
  t.match(
    [options.statusCode, options.headers],
    [204, { 'tus-version': '1.0.0', 'tus-extension': /creation/, 'tus-max-size': String(16 * 1024 ** 3) }],
  )

  const data = Buffer.concat([Buffer.from('export const a = 1\n'), Buffer.alloc(200_000, '/')])
  const made = await create(ada, data.length, `filename ${b64('ünï.ts')},filetype ${b64('image/png')},x`)
  t.match(
    [made.statusCode, made.body, made.headers],
    [201, '', { 'tus-resumable': '1.0.0', 'upload-offset': '0', 'upload-expires': / GMT$/ }],
  )
  const location = made.headers.location as string
  const id = location.split('/').at(-1) as string
  t.equal(await usage(app, ada), data.length, 'the whole length is reserved')
  let offset = 0
  for (const size of [1, 70_000, 100_000]) {
    const answer = await append(ada, location, offset, data.subarray(offset, offset + size))
    offset += size
    t.match([answer.statusCode, answer.headers['upload-offset']], [204, String(offset)])
    const now = await head(app, ada, location)
    t.match(now.headers, {
      'upload-offset': String(offset),
      'upload-length': String(data.length),
      'cache-control': 'no-store',
    })
    t.equal((await ada.get(`/api/uploads/${id}`)).statusCode, 404, 'not visible yet')
  }
  t.equal((await append(ada, location, offset, data.subarray(offset))).statusCode, 204)
  const upload = (await ada.get(`/api/uploads/${id}`)).json<Upload>()
  t.match(upload, { name: 'ünï.ts', size: data.length, kind: 'code', contentType: 'text/typescript', version: 1 })
  t.equal(upload.sha256, createHash('sha256').update(data).digest('hex'))
  t.ok((await ada.get(`/api/uploads/${id}/content`)).rawPayload.equals(data))
  t.equal(stored(app).length, 1, 'the pieces are gone')
  t.equal(await usage(app, ada), data.length)
  t.match(
    (await head(app, ada, location)).headers,
    { 'upload-offset': String(data.length) },
    'it still tells that it is whole',
  )
  t.equal((await append(ada, location, data.length, Buffer.alloc(0))).statusCode, 204)
  const events = await app.db
    .sql`select name from events where topic = ${`workspace:${upload.workspaceId}`} and name = 'upload.created'`
  t.equal(events.length, 1)

  const empty = await begun(ada, 0)
  t.match((await ada.get(empty.replace('/tus', ''))).json(), { size: 0 }, 'an empty file is whole at once')
})

t.test('what is refused', async (t) => {
  const app = await testApp(t, { env: { UPLOAD_MAX_BYTES: '5000', WORKSPACE_MAX_BYTES: '7000' } })
  const ada = await person(app)
  const eve = await person(app, 'eve')
  const location = await begun(ada, 3000)
  await append(ada, location, 0, Buffer.alloc(1000))
  const whole = await begun(ada, 2)
  await append(ada, whole, 0, Buffer.from('ok'))
  const missing = `/api/uploads/tus/${NOBODY}`
  const some = Buffer.alloc(10)
  const rows: [string, () => ReturnType<Caller['get']>, number, string?][] = [
    ['no version', () => create(ada, 5, undefined, { 'tus-resumable': '' }), 412, 'PRECONDITION_FAILED'],
    [
      'another version',
      () => append(ada, location, 1000, some, { 'tus-resumable': '0.2.2' }),
      412,
      'PRECONDITION_FAILED',
    ],
    ['no length', () => ada.post('/api/uploads/tus', undefined, V), 400, 'VALIDATION_FAILED'],
    ['a length that is none', () => create(ada, '-1'), 400, 'VALIDATION_FAILED'],
    ['a workspace that is none', () => create(ada, 5, `workspaceId ${b64('x')}`), 400, 'VALIDATION_FAILED'],
    ['a foreign workspace', () => create(ada, 5, `workspaceId ${b64(NOBODY)}`), 404, 'NOT_FOUND'],
    ['nobody', () => create(caller(app), 5), 401, 'UNAUTHENTICATED'],
    ['too large', () => create(ada, 5001), 413, 'PAYLOAD_TOO_LARGE'],
    ['more than the quota leaves', () => create(ada, 4500), 413, 'QUOTA_EXCEEDED'],
    ['another offset', () => append(ada, location, 0, some), 409, 'CONFLICT'],
    ['an offset beyond', () => append(ada, location, 2000, some), 409, 'CONFLICT'],
    ['no offset', () => append(ada, location, '', some), 400, 'VALIDATION_FAILED'],
    ['more than announced', () => append(ada, location, 1000, Buffer.alloc(2001)), 413, 'PAYLOAD_TOO_LARGE'],
    [
      'another media type',
      () => append(ada, location, 1000, some, { 'content-type': 'text/plain' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['somebody else', () => append(eve, location, 1000, some), 404, 'NOT_FOUND'],
    ['nobody', () => append(caller(app), location, 1000, some), 401, 'UNAUTHENTICATED'],
    ['what is not there', () => append(ada, missing, 0, some), 404, 'NOT_FOUND'],
    ['no id', () => append(ada, '/api/uploads/tus/x', 0, some), 400, 'VALIDATION_FAILED'],
    ['cancelling as somebody else', () => eve.delete(location, V), 404, 'NOT_FOUND'],
    ['cancelling what is whole', () => ada.delete(whole, V), 409, 'CONFLICT'],
    ['more for what is whole', () => append(ada, whole, 0, some), 409, 'CONFLICT'],
  ]
  for (const [name, call, status, code] of rows) {
    const answer = await call()
    t.match([answer.statusCode, answer.json()], [status, { code }], `${name}: ${answer.body}`)
    t.equal((await head(app, ada, location)).headers['upload-offset'], '1000', name)
  }
  t.equal((await head(app, eve, location)).statusCode, 404)
  const before = stored(app).length
  t.equal((await ada.delete(location, V)).statusCode, 204)
  t.equal((await head(app, ada, location)).statusCode, 404)
  t.same([stored(app).length, await usage(app, ada)], [before - 1, 2], 'nothing of a cancelled one is left')
  const once = [
    await create(ada, 7, 'a', { 'idempotency-key': 'k' }),
    await create(ada, 7, 'a', { 'idempotency-key': 'k' }),
  ]
  t.equal(once[1]?.headers.location, once[0]?.headers.location, 'Idempotency-Key')
  t.equal((await create(ada, 8, 'a', { 'idempotency-key': 'k' })).statusCode, 422)
})

t.test('broken connections, rivals and crashes', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const data = randomBytes(300_000)
  const location = await begun(ada, data.length)
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  socket.write(
    `PATCH ${location} HTTP/1.1\r\nhost: x\r\nauthorization: ${ada.headers.authorization}\r\ntus-resumable: 1.0.0\r\nupload-offset: 0\r\ncontent-type: application/offset+octet-stream\r\ncontent-length: ${data.length}\r\n\r\n`,
  )
  socket.write(data.subarray(0, 100_000))
  for (const end = Date.now() + 5000; stored(app).length === 0 && Date.now() < end; ) await pause(10)
  await pause(50)
  socket.destroy()
  let offset = 0
  for (const end = Date.now() + 5000; offset === 0 && Date.now() < end; await pause(10)) {
    offset = Number((await head(app, ada, location)).headers['upload-offset'])
  }
  t.ok(offset > 0 && offset <= 100_000, `${offset} bytes of the broken request are kept`)

  const rivals = await Promise.all(
    Array.from({ length: 4 }, () => append(ada, location, offset, data.subarray(offset, offset + 50_000))),
  )
  t.same(rivals.map(({ statusCode }) => statusCode).sort(), [204, 409, 409, 409], 'one of four takes the place')
  offset += 50_000

  // The last byte has come, and the process died before it made the file.
  const rest = data.subarray(offset)
  const id = location.split('/').at(-1) as string
  const [row] = await app.db.sql<{ key: string }[]>`select storage_key as key from uploads where id = ${id}`
  const key = `${row?.key}.crash`
  writeFileSync(join(app.config.DATA_DIR, 'storage', 'objects', key), rest)
  await app.db
    .sql`insert into upload_parts (upload_id, start, size, storage_key) values (${id}, ${offset}, ${rest.length}, ${key})`
  t.equal((await head(app, ada, location)).headers['upload-offset'], String(data.length))
  t.ok((await ada.get(`/api/uploads/${id}/content`)).rawPayload.equals(data), 'asking how far it came finishes it')
  t.equal(stored(app).length, 1)

  const stale = await begun(ada, 1000)
  await append(ada, stale, 0, Buffer.alloc(10))
  t.equal((await app.uploads.sweep()).unfinished, 0, 'it waits for its next piece')
  await app.db
    .sql`update uploads set updated_at = now() - interval '25 hours' where id = ${stale.split('/').at(-1) as string}`
  t.equal((await app.uploads.sweep()).unfinished, 1, 'for a day')
  t.same([stored(app).length, await usage(app, ada)], [1, data.length])
  t.equal((await head(app, ada, stale)).statusCode, 404)
})
