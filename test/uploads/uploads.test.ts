import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance, InjectOptions } from 'fastify'
import t from 'tap'
import type { Upload } from '../../src/uploads/model.ts'
import { caller, type Person, person, testApp } from '../helpers/app.ts'
import { type FormFile, fileForm, form } from './form.ts'

const NOBODY = '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'
const SOURCE = 'export const answer = 42\n'

/** Files in the storage, finished or not. */
const stored = (app: FastifyInstance) =>
  readdirSync(join(app.config.DATA_DIR, 'storage'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)

const send = (who: Person, ...files: FormFile[]) => {
  const { payload, headers } = form(...files)
  return who.post('/api/uploads', payload, headers)
}

async function upload(who: Person, filename: string, content: Buffer | string): Promise<Upload> {
  const answer = await send(who, { filename, content })
  if (answer.statusCode !== 201) throw new Error(answer.body)
  return answer.json<Upload>()
}

/** Events of a workspace as they were written. */
const eventsOf = (app: FastifyInstance, workspaceId: string) =>
  app.db.sql<{ name: string; data: Upload; seq: number }[]>`
    select name, data, seq from events where topic = ${`workspace:${workspaceId}`} and name like 'upload.%' order by seq`

t.test('uploading', async (t) => {
  const app = await testApp(t, { env: { UPLOAD_MAX_BYTES: '100000' } })
  const ada = await person(app)
  const eve = await person(app, 'eve')
  const team = (await ada.post('/api/workspaces', { name: 'Team' })).json<{ id: string }>().id
  const file = (content: Buffer | string = SOURCE, filename = 'a.ts'): FormFile => ({ filename, content })
  const field = (name: string, content: string): FormFile => ({ name, content })
  const rows: {
    name: string
    as?: Person | ReturnType<typeof caller>
    parts?: FormFile[]
    body?: { payload: Buffer | string; headers: Record<string, string> }
    url?: string
    status: number
    has: object
  }[] = [
    {
      name: 'a file',
      parts: [file()],
      status: 201,
      has: { name: 'a.ts', size: 25, kind: 'code', scan: 'unscanned', version: 1 },
    },
    { name: 'an empty file', parts: [file('')], status: 201, has: { size: 0 } },
    { name: 'a file of exactly the limit', parts: [file(Buffer.alloc(100_000))], status: 201, has: { size: 100_000 } },
    {
      name: 'a file without a name',
      parts: [{ content: 'x', type: 'application/octet-stream' }],
      status: 201,
      has: { name: 'unnamed' },
    },
    { name: 'a hostile name', parts: [file('x', '..\\..\\etc/pass%2fwd')], status: 201, has: { name: 'pass%2fwd' } },
    {
      name: 'a very long name',
      parts: [file('x', `${'n'.repeat(4096)}.ts`)],
      status: 201,
      has: { name: /^n{252}\.ts$/ },
    },
    {
      name: 'a claimed type that is a lie',
      parts: [{ ...file('hello'), type: 'image/png' }],
      status: 201,
      has: { contentType: 'text/typescript' },
    },
    {
      name: 'a workspace in the query',
      parts: [file()],
      url: `/api/uploads?workspaceId=${team}`,
      status: 201,
      has: { workspaceId: team },
    },
    {
      name: 'a workspace in the form',
      parts: [field('workspaceId', team), file()],
      status: 201,
      has: { workspaceId: team },
    },
    {
      name: 'several files',
      parts: [file('1'), file('22', 'b.md')],
      status: 201,
      has: { items: [{ size: 1 }, { size: 2, kind: 'document' }] },
    },
    { name: 'nobody', as: caller(app), parts: [file()], status: 401, has: { code: 'UNAUTHENTICATED' } },
    {
      name: 'a foreign workspace',
      as: eve,
      parts: [file()],
      url: `/api/uploads?workspaceId=${team}`,
      status: 404,
      has: { code: 'NOT_FOUND' },
    },
    {
      name: 'a foreign workspace in the form',
      as: eve,
      parts: [field('workspaceId', team), file()],
      status: 404,
      has: { code: 'NOT_FOUND' },
    },
    {
      name: 'no such workspace',
      parts: [file()],
      url: `/api/uploads?workspaceId=${NOBODY}`,
      status: 404,
      has: { code: 'NOT_FOUND' },
    },
    {
      name: 'a workspace that is no id',
      parts: [file()],
      url: '/api/uploads?workspaceId=x',
      status: 400,
      has: { errors: [{ path: 'querystring/workspaceId' }] },
    },
    {
      name: 'a field that is no id',
      parts: [field('workspaceId', 'x\0'), file()],
      status: 400,
      has: { errors: [{ path: 'body/workspaceId' }] },
    },
    {
      name: 'the workspace after the file',
      parts: [file(), field('workspaceId', team)],
      status: 400,
      has: { errors: [{ message: /before/ }] },
    },
    {
      name: 'an unknown field',
      parts: [field('role', 'admin'), file()],
      status: 400,
      has: { errors: [{ path: 'body/role' }] },
    },
    { name: 'a field of the prototype', parts: [field('__proto__', 'x'), file()], status: 400, has: { status: 400 } },
    { name: 'no file', parts: [field('workspaceId', team)], status: 400, has: { errors: [{ path: 'body/file' }] } },
    { name: 'an empty form', parts: [], status: 400, has: { status: 400 } },
    {
      name: 'a file that is too large',
      parts: [file(Buffer.alloc(100_001))],
      status: 413,
      has: { code: 'PAYLOAD_TOO_LARGE' },
    },
    {
      name: 'a second file that is too large',
      parts: [file(), file(Buffer.alloc(100_001))],
      status: 413,
      has: { code: 'PAYLOAD_TOO_LARGE' },
    },
    {
      name: 'too many files',
      parts: Array.from({ length: 101 }, () => file('x')),
      status: 413,
      has: { code: 'PAYLOAD_TOO_LARGE' },
    },
    {
      name: 'a body that is no form',
      body: { payload: '{}', headers: { 'content-type': 'application/json' } },
      status: 415,
      has: { code: 'UNSUPPORTED_MEDIA_TYPE' },
    },
    { name: 'no body', body: { payload: '', headers: {} }, status: 415, has: { code: 'UNSUPPORTED_MEDIA_TYPE' } },
    {
      name: 'a form without a boundary',
      body: { payload: 'x', headers: { 'content-type': 'multipart/form-data' } },
      status: 400,
      has: { code: 'BAD_REQUEST' },
    },
    {
      name: 'nonsense in a form',
      body: { payload: 'x'.repeat(500), headers: { 'content-type': 'multipart/form-data; boundary=b' } },
      status: 400,
      has: { status: 400 },
    },
    {
      name: 'a form that breaks off',
      body: { ...fileForm('a', 'x'.repeat(99)), payload: fileForm('a', 'x'.repeat(99)).payload.subarray(0, 180) },
      status: 400,
      has: { status: 400 },
    },
  ]
  for (const { name, as = ada, parts, body, url = '/api/uploads', status, has } of rows) {
    const before = (await eventsOf(app, team)).length + stored(app).length
    const { payload, headers } = body ?? form(...(parts ?? []))
    const answer = await as.post(url, payload, {
      ...headers,
      ...(body && { 'content-length': String(payload.length) }),
    })
    t.equal(answer.statusCode, status, `${name}: ${answer.body.slice(0, 300)}`)
    t.match(answer.json(), has, name)
    if (status > 201)
      t.equal((await eventsOf(app, team)).length + stored(app).length, before, `${name}: leaves nothing`)
  }
  const [unfinished] = await app.db.sql`select count(*)::int as n from uploads where state = 'receiving'`
  t.equal(unfinished?.n, 0, 'no row of a refused upload is left')
  const sums = await app.db.sql<{ used: number; size: number }[]>`
    select s.used_bytes as used, coalesce(sum(u.size), 0)::int8 as size from workspace_storage s
    left join uploads u on u.workspace_id = s.workspace_id and u.deleted_at is null group by s.workspace_id`
  for (const { used, size } of sums) t.equal(used, size, 'the quota counts exactly what is there')

  const answer = await send(ada, file())
  const made = answer.json<Upload>()
  t.equal(answer.headers.location, `/api/uploads/${made.id}`)
  t.equal(made.sha256, createHash('sha256').update(SOURCE).digest('hex'))
  t.equal(answer.headers.etag, (await ada.get(`/api/uploads/${made.id}`)).headers.etag)
  const [event] = (await eventsOf(app, made.workspaceId)).slice(-1)
  t.same(
    { name: event?.name, data: event?.data },
    { name: 'upload.created', data: made },
    'the event carries the record',
  )
})

t.test('reading, listing, deleting', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const eve = await person(app, 'eve')
  const vic = await person(app, 'vic')
  const team = (await ada.post('/api/workspaces', { name: 'Team' })).json<{ id: string }>().id
  await ada.post(`/api/workspaces/${team}/members`, { userId: vic.id, role: 'viewer' })
  const made: Upload[] = []
  for (let i = 0; i < 5; i++) {
    const { payload, headers } = fileForm(`${i}.ts`, `${i}`)
    made.unshift((await ada.post(`/api/uploads?workspaceId=${team}`, payload, headers)).json<Upload>())
  }
  const own = await upload(ada, 'notes.md', '# Notes')
  const [first] = made as [Upload]
  const at = `/api/uploads/${first.id}`

  const ids = (list: unknown) => (list as { items: Upload[] }).items.map(({ id }) => id)
  const page = (await ada.get(`/api/uploads?workspaceId=${team}&limit=3`)).json<{
    items: Upload[]
    nextCursor: string
  }>()
  t.same(page.items, made.slice(0, 3), 'newest first')
  const rest = (await ada.get(`/api/uploads?workspaceId=${team}&limit=3&cursor=${page.nextCursor}`)).json()
  t.same([ids(rest), (rest as { nextCursor: null }).nextCursor], [made.slice(3).map(({ id }) => id), null])
  t.same(ids((await ada.get('/api/uploads')).json()), [own.id], 'the personal workspace by default')
  t.same(ids((await ada.get('/api/uploads?kind=code')).json()), [])
  t.same(ids((await vic.get(`/api/uploads?workspaceId=${team}`)).json()).length, 5, 'a viewer reads')

  const rows: [string, Person | ReturnType<typeof caller>, 'get' | 'delete' | 'post', string, number, string?][] = [
    ['one', ada, 'get', at, 200],
    ['one as a viewer', vic, 'get', at, 200],
    ['one as nobody', caller(app), 'get', at, 401, 'UNAUTHENTICATED'],
    ['one of strangers', eve, 'get', at, 404, 'NOT_FOUND'],
    ['one that is not there', ada, 'get', `/api/uploads/${NOBODY}`, 404, 'NOT_FOUND'],
    ['no id', ada, 'get', '/api/uploads/x', 400, 'VALIDATION_FAILED'],
    ['content as nobody', caller(app), 'get', `${at}/content`, 401, 'UNAUTHENTICATED'],
    ['content of strangers', eve, 'get', `${at}/content`, 404, 'NOT_FOUND'],
    ['a bad disposition', ada, 'get', `${at}/content?disposition=x`, 400, 'VALIDATION_FAILED'],
    ['the list as nobody', caller(app), 'get', '/api/uploads', 401, 'UNAUTHENTICATED'],
    ['a list of strangers', eve, 'get', `/api/uploads?workspaceId=${team}`, 404, 'NOT_FOUND'],
    ['a bad cursor', ada, 'get', '/api/uploads?cursor=bm8', 400, 'INVALID_CURSOR'],
    ['a bad limit', ada, 'get', '/api/uploads?limit=101', 400, 'VALIDATION_FAILED'],
    ['an unknown kind', ada, 'get', '/api/uploads?kind=x', 400, 'VALIDATION_FAILED'],
    ['a link as nobody', caller(app), 'post', `${at}/url`, 401, 'UNAUTHENTICATED'],
    ['a link of strangers', eve, 'post', `${at}/url`, 404, 'NOT_FOUND'],
    ['deleting as nobody', caller(app), 'delete', at, 401, 'UNAUTHENTICATED'],
    ['deleting what is not there', ada, 'delete', `/api/uploads/${NOBODY}`, 404, 'NOT_FOUND'],
    ['deleting no id', ada, 'delete', '/api/uploads/x', 400, 'VALIDATION_FAILED'],
    ['deleting as a stranger', eve, 'delete', at, 404, 'NOT_FOUND'],
    ['deleting as a viewer', vic, 'delete', at, 403, 'FORBIDDEN'],
  ]
  for (const [name, who, method, url, status, code] of rows) {
    const answer = method === 'post' ? await who.post(url, {}) : await who[method](url)
    t.equal(answer.statusCode, status, `${name}: ${answer.body}`)
    if (code) t.equal(answer.json<{ code: string }>().code, code, name)
  }
  const viewing = fileForm('v.ts', 'v')
  const asViewer = await vic.post(`/api/uploads?workspaceId=${team}`, viewing.payload, viewing.headers)
  t.match([asViewer.statusCode, asViewer.json<{ code: string }>().code], [403, 'FORBIDDEN'], 'a viewer does not upload')

  const etag = (await ada.get(at)).headers.etag as string
  t.equal((await ada.get(at, { 'if-none-match': etag })).statusCode, 304)
  t.equal((await ada.delete(at, { 'if-match': '"other"' })).statusCode, 412)
  const link = (await ada.post(`${at}/url`, {})).json<{ url: string }>().url
  const before = stored(app).length
  t.equal((await ada.delete(at, { 'if-match': etag })).statusCode, 204)
  t.equal(stored(app).length, before - 1, 'the object goes with it')
  for (const url of [at, `${at}/content`]) t.equal((await ada.get(url)).statusCode, 404, url)
  t.equal((await app.inject(link)).statusCode, 404, 'its links end')
  t.equal((await ada.delete(at)).statusCode, 404)
  t.same(
    ids((await ada.get(`/api/uploads?workspaceId=${team}`)).json()),
    made.slice(1).map(({ id }) => id),
  )
  const [event] = (await eventsOf(app, team)).slice(-1)
  t.match(event, { name: 'upload.deleted', data: { id: first.id, version: 2 } })
  t.match(await app.uploads.usage({ userId: ada.id, role: 'user', tier: 'free' }, team), {
    used: 4,
    limit: 10 * 1024 ** 3,
  })
})

t.test('content: ranges, conditions, links, and nothing that runs', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const data = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251))
  const { id, sha256 } = await upload(ada, 'dätä 1.bin', data)
  const content = (headers: Record<string, string> = {}, options: InjectOptions = {}) =>
    app.inject({ url: `/api/uploads/${id}/content`, headers: { ...ada.headers, ...headers }, ...options })

  const whole = await content()
  t.ok(whole.rawPayload.equals(data))
  const etag = whole.headers.etag as string
  t.match(whole.headers, {
    etag: `"${sha256.slice(0, 43)}"`,
    'content-length': '1000',
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="d_t_ 1.bin"; filename*=UTF-8''d%C3%A4t%C3%A4%201.bin`,
    'content-security-policy': /default-src 'none'.*sandbox/,
    'x-content-type-options': 'nosniff',
    'cache-control': /private, no-cache/,
    'accept-ranges': 'bytes',
  })
  const head = await content({ range: 'bytes=0-4' }, { method: 'HEAD' })
  t.match([head.statusCode, head.headers['content-length'], head.rawPayload.length], [200, '1000', 0])

  const rows: [string, Record<string, string>, number, Buffer?, string?][] = [
    ['the first bytes', { range: 'bytes=0-99' }, 206, data.subarray(0, 100), 'bytes 0-99/1000'],
    ['the last bytes', { range: 'bytes=-10' }, 206, data.subarray(990), 'bytes 990-999/1000'],
    ['from a place on', { range: 'bytes=600-' }, 206, data.subarray(600), 'bytes 600-999/1000'],
    ['more than there is', { range: 'bytes=900-5000' }, 206, data.subarray(900), 'bytes 900-999/1000'],
    ['ranges that join', { range: 'bytes=0-9,10-19' }, 206, data.subarray(0, 20), 'bytes 0-19/1000'],
    ['past the end', { range: 'bytes=1000-' }, 416, undefined, 'bytes */1000'],
    ['nonsense', { range: 'bytes=x' }, 200, data],
    ['another unit', { range: 'lines=1-2' }, 200, data],
    ['far too many ranges', { range: `bytes=${Array.from({ length: 50 }, (_, i) => `${i * 2}-${i * 2}`)}` }, 200, data],
    ['If-Range that fits', { range: 'bytes=0-0', 'if-range': etag }, 206, data.subarray(0, 1)],
    ['If-Range of another file', { range: 'bytes=0-0', 'if-range': '"other"' }, 200, data],
    ['If-Range that is weak', { range: 'bytes=0-0', 'if-range': `W/${etag}` }, 200, data],
    ['If-None-Match that fits', { 'if-none-match': etag }, 304, Buffer.alloc(0)],
    ['If-None-Match with a range', { 'if-none-match': etag, range: 'bytes=0-9' }, 304, Buffer.alloc(0)],
    ['If-None-Match of another', { 'if-none-match': '"other"' }, 200, data],
  ]
  for (const [name, headers, status, body, range] of rows) {
    const answer = await content(headers)
    t.equal(answer.statusCode, status, name)
    if (body) t.ok(answer.rawPayload.equals(body), `${name}: the right bytes`)
    t.equal(answer.headers['content-range'], range ?? answer.headers['content-range'], name)
  }

  const several = await content({ range: 'bytes=0-4,500-504,-5' })
  const boundary = /boundary=(\w+)/.exec(String(several.headers['content-type']))?.[1]
  t.equal(several.statusCode, 206)
  t.equal(several.rawPayload.length, Number(several.headers['content-length']))
  const pieces = several.rawPayload.toString('latin1').split(`--${boundary}`)
  t.equal(pieces.length, 5)
  for (const [index, span] of ['0-4', '500-504', '995-999'].entries()) {
    const [start = 0, end = 0] = span.split('-').map(Number)
    t.ok(pieces[index + 1]?.includes(`content-range: bytes ${span}/1000\r\n`), span)
    t.ok(pieces[index + 1]?.endsWith(`\r\n\r\n${data.toString('latin1', start, end + 1)}\r\n`), span)
  }

  const served: [string, string, string, boolean][] = [
    ['page.html', '<!doctype html><script>alert(1)</script>', 'text/plain; charset=utf-8', false],
    ['evil.js', 'alert(1)', 'text/plain; charset=utf-8', false],
    ['style.css', 'a{}', 'text/plain; charset=utf-8', false],
    ['pic.svg', '<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', 'image/svg+xml', false],
    ['fake.png', '<script>alert(1)</script>', 'text/plain; charset=utf-8', false],
    ['data.xml', '<?xml version="1.0"?><a/>', 'text/plain; charset=utf-8', false],
    ['readme.md', '# Hi', 'text/markdown; charset=utf-8', false],
    ['notes.txt', 'hi', 'text/plain; charset=utf-8', true],
    ['doc.pdf', '%PDF-1.7\n', 'application/pdf', false],
  ]
  for (const [name, text, type, inline] of served) {
    const { id } = await upload(ada, name, text)
    const answer = await ada.get(`/api/uploads/${id}/content?disposition=inline`)
    t.equal(answer.headers['content-type'], type, name)
    t.match(answer.headers['content-disposition'], inline ? /^inline/ : /^attachment/, name)
    t.match(answer.headers['content-security-policy'], /sandbox/, name)
  }
  const empty = await upload(ada, 'empty.txt', '')
  const nothing = await ada.get(`/api/uploads/${empty.id}/content`)
  t.match([nothing.statusCode, nothing.headers['content-length']], [200, '0'])
  t.equal((await ada.get(`/api/uploads/${empty.id}/content`, { range: 'bytes=0-' })).statusCode, 416)

  const signed = await ada.post(`/api/uploads/${id}/url`, { expiresIn: 60 })
  const { url, expiresAt } = signed.json<{ url: string; expiresAt: string }>()
  t.equal(signed.statusCode, 200)
  t.ok(Math.abs(Date.parse(expiresAt) - Date.now() - 60_000) < 3000)
  const path = url.replace('http://localhost:80', '')
  const byLink = await app.inject({ url: path, headers: { range: 'bytes=5-9' } })
  t.match([byLink.statusCode, byLink.headers['cross-origin-resource-policy']], [206, 'cross-origin'])
  t.ok(byLink.rawPayload.equals(data.subarray(5, 10)))
  t.equal((await app.inject({ method: 'HEAD', url: path })).headers['content-length'], '1000')
  const past = Math.floor(Date.now() / 1000) - 1
  const tampered: [string, string, number][] = [
    ['another file', path.replace(id, empty.id), 403],
    ['another signature', path.replace(/signature=./, 'signature=_').replace(/.$/, 'A'), 403],
    ['a longer life', path.replace(/expires=(\d+)/, (_, at) => `expires=${Number(at) + 60}`), 403],
    ['another disposition', path.replace('attachment', 'inline'), 403],
    ['expired', path.replace(/expires=\d+/, `expires=${past}`), 403],
    ['no signature', path.replace(/&signature=.*/, ''), 400],
    ['a short signature', path.replace(/signature=.*/, 'signature=abc'), 400],
    ['no id', path.replace(id, 'x'), 400],
  ]
  for (const [name, url, status] of tampered) t.equal((await app.inject(url)).statusCode, status, name)
  for (const expiresIn of [0, -1, 604_801, '60', 1.5]) {
    t.equal((await ada.post(`/api/uploads/${id}/url`, { expiresIn })).statusCode, 400, `expiresIn ${expiresIn}`)
  }

  await app.db.sql`update uploads set scan = 'infected' where id = ${id}`
  for (const quarantined of [await content(), await app.inject(path)]) {
    t.match([quarantined.statusCode, quarantined.json()], [422, { detail: /held back/ }], 'quarantine')
  }
  await app.db.sql`update uploads set scan = 'clean' where id = ${id}`
  t.equal((await content()).statusCode, 200)
  await app.storage.delete(`${(await ada.get(`/api/uploads/${id}`)).json<Upload>().workspaceId}/${id}`)
  const lost = await content()
  t.match([lost.statusCode, lost.headers['retry-after']], [503, String], 'an object that cannot be read')
})

t.test('what other features see', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const eve = await person(app, 'eve')
  const actor = (who: Person) => ({ userId: who.id, role: 'user', tier: 'free' }) as const
  const a = await upload(ada, 'a.ts', 'a')
  const b = await upload(ada, 'b.ts', 'bb')
  const { reader } = app.uploads
  t.same(await reader.resolve(actor(ada), [b.id, a.id], a.workspaceId), [b, a], 'in the order asked')
  t.same(await reader.resolve(actor(ada), []), [])
  const refused: [() => Promise<unknown>, string][] = [
    [() => reader.resolve(actor(eve), [a.id]), 'NOT_FOUND'],
    [() => reader.resolve(actor(ada), [a.id, NOBODY]), 'NOT_FOUND'],
    [() => reader.resolve(actor(ada), [a.id], NOBODY), 'NOT_FOUND'],
    [() => reader.read(NOBODY), 'NOT_FOUND'],
  ]
  for (const [call, code] of refused) await t.rejects(call(), { code })
  t.equal(String(await (await reader.read(b.id)).toArray()), 'bb')
  await app.db.sql`update uploads set scan = 'pending' where id = ${a.id}`
  await t.rejects(reader.resolve(actor(ada), [a.id]), { code: 'UNPROCESSABLE' })
  await t.rejects(reader.read(a.id), { code: 'UNPROCESSABLE' })
})

t.test('guests of a conversation read what is attached there, and nothing else', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const gus = await person(app, 'gus')
  const attached = await upload(ada, 'plan.md', '# Plan')
  const other = await upload(ada, 'secret.md', '# Secret')
  const talk = (await ada.post('/api/conversations', { title: 'Talk', assistant: 'off' })).json<{ id: string }>().id
  const message = await ada.post(`/api/conversations/${talk}/messages`, {
    content: 'See this',
    uploadIds: [attached.id],
  })
  t.equal(message.statusCode, 201, message.body)
  const statuses = async (id: string) => [
    (await gus.get(`/api/uploads/${id}`)).statusCode,
    (await gus.get(`/api/uploads/${id}/content`)).statusCode,
    (await gus.delete(`/api/uploads/${id}`)).statusCode,
  ]
  t.same(await statuses(attached.id), [404, 404, 404], 'not before')
  await ada.post(`/api/conversations/${talk}/members`, { userId: gus.id })
  t.same(await statuses(attached.id), [200, 200, 403], 'as a guest')
  t.same(await statuses(other.id), [404, 404, 404], 'not what was not attached')
  t.equal((await gus.get(`/api/uploads?workspaceId=${attached.workspaceId}`)).statusCode, 404, 'nor the list')
  await ada.delete(`/api/messages/${message.json<{ id: string }>().id}`)
  t.same(await statuses(attached.id), [404, 404, 404], 'nor when the message is gone')
})
