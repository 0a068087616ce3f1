import { once } from 'node:events'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { extract } from 'tar-stream'
import type { Job } from '../../src/contracts/jobs.ts'
import { upload } from '../graph/world.ts'
import { caller, PASSWORD, person, testApp } from '../helpers/app.ts'

async function filesOf(archive: Buffer): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const tar = Readable.from([archive]).pipe(createGunzip()).pipe(extract())
  for await (const entry of tar) files.set(entry.header.name, await text(entry))
  return files
}

/** Waits for the end of the next job of a name. */
async function jobEnds(app: FastifyInstance, name: string): Promise<Job> {
  const ends = new EventTarget()
  app.events.on('job.updated', ({ data }) => {
    const job = data as Job
    if (job.name === name && (job.state === 'completed' || job.state === 'failed'))
      ends.dispatchEvent(new CustomEvent('end', { detail: job }))
  })
  const [event] = (await once(ends, 'end', { signal: AbortSignal.timeout(60_000) })) as [CustomEvent<Job>]
  return event.detail
}

async function administrator(app: FastifyInstance) {
  await app.accounts.provision({ email: 'root@example.org', password: PASSWORD, role: 'admin', tier: 'free' })
  const login = await caller(app).post('/api/auth/login', { email: 'root@example.org', password: PASSWORD })
  const { accessToken, user } = login.json<{ accessToken: string; user: { id: string } }>()
  return { id: user.id, ...caller(app, { authorization: `Bearer ${accessToken}` }) }
}

t.test('an archive of everything that is kept of somebody', async (t) => {
  const app = await testApp(t)
  const [ada, eve, nobody] = [await person(app), await person(app, 'eve'), caller(app)]
  const root = await administrator(app)
  const room = (await ada.post('/api/conversations', { title: 'Plan', assistant: 'off' })).headers.location as string
  await ada.post(`${room}/messages`, { content: 'heliotrope' })
  await eve.post('/api/conversations', { title: 'not hers' })
  await upload(ada, 'notes.txt', 'violet words')

  const ends = jobEnds(app, 'account.export')
  const ordered = await ada.post('/api/exports', {})
  t.match([ordered.statusCode, ordered.json()], [202, { userId: ada.id, jobId: String }])
  const url = `/api/exports/${ordered.json<{ id: string }>().id}`
  t.match(await ends, { state: 'completed' })
  t.match((await ada.get(url)).json(), { ready: true, size: Number })
  t.match((await ada.get('/api/exports')).json(), { items: [{ userId: ada.id }], nextCursor: null })
  const download = await ada.get(`${url}/content`)
  t.match([download.statusCode, download.headers['content-type']], [200, 'application/gzip'])
  const files = await filesOf(download.rawPayload)
  t.match(files.get('account.json'), ada.email)
  t.match(files.get('messages-0001.jsonl'), 'heliotrope')
  t.match(files.get('conversations-0001.jsonl'), 'Plan')
  t.equal([...files].find(([name]) => name.endsWith('notes.txt'))?.[1], 'violet words', 'the files themselves')
  const all = [...files.values()].join('')
  t.notMatch(all, /argon2|not hers|refresh_hash/, 'no secret, and nothing of others')

  t.equal((await eve.get(url)).statusCode, 404)
  t.equal((await eve.get(`${url}/content`)).statusCode, 404)
  t.equal((await eve.post('/api/exports', { forUserId: ada.id })).statusCode, 403, 'of others: administrators only')
  t.equal((await root.post('/api/exports', { forUserId: ada.id })).statusCode, 202)
  t.equal((await root.post('/api/exports', { forUserId: room.split('/').at(-1) })).statusCode, 404)
  t.equal((await ada.post('/api/exports', { forUserId: 'x' })).statusCode, 400)
  for (const path of ['/api/exports', url, `${url}/content`]) t.equal((await nobody.get(path)).statusCode, 401)
  t.equal((await nobody.post('/api/exports', {})).statusCode, 401)
  t.equal((await ada.get('/api/exports?limit=0')).statusCode, 400)
  for (const path of ['/api/exports/x', '/api/exports/x/content']) t.equal((await ada.get(path)).statusCode, 400)
  await app.db.sql`update data_exports set expires_at = now() - interval '1 second' where user_id = ${ada.id}`
  t.equal((await ada.get(`${url}/content`)).statusCode, 404, 'expired')
  await app.privacy.sweep()
  t.same([...(await app.db.sql`select 1 from data_exports`)], [])
})

t.test('erasure: the account, what is only theirs, and what they said', async (t) => {
  const app = await testApp(t)
  const [ada, eve, nobody] = [await person(app), await person(app, 'eve'), caller(app)]
  const root = await administrator(app)
  const workspaceId = (await ada.post('/api/workspaces', { name: 'Shared' })).json<{ id: string }>().id
  await ada.post(`/api/workspaces/${workspaceId}/members`, { userId: eve.id, role: 'member' })
  const room = (await ada.post('/api/conversations', { workspaceId, assistant: 'off' })).headers.location as string
  await ada.post(`${room}/messages`, { content: 'heliotrope' })
  await eve.post(`${room}/messages`, { content: 'stays' })
  await upload(ada, 'notes.txt', 'violet words')

  const erase = (as: object, password: string) =>
    app.inject({ method: 'DELETE', url: '/api/users/me', headers: as as Record<string, string>, payload: { password } })
  t.equal((await erase(ada.headers, 'wrong')).statusCode, 401)
  t.equal((await erase({}, PASSWORD)).statusCode, 401)
  t.equal(
    (await app.inject({ method: 'DELETE', url: '/api/users/me', headers: ada.headers, payload: {} })).statusCode,
    400,
  )
  t.equal((await root.delete(`/api/users/${root.id}`)).statusCode, 409)
  t.equal((await root.delete(`/api/users/${workspaceId}`)).statusCode, 404)
  t.equal((await root.delete('/api/users/x')).statusCode, 400)
  t.equal((await eve.delete(`/api/users/${ada.id}`)).statusCode, 403)
  t.equal((await nobody.delete(`/api/users/${ada.id}`)).statusCode, 401)
  t.equal((await ada.get('/api/auth/me')).statusCode, 200, 'nothing has happened yet')

  const ends = jobEnds(app, 'account.erase')
  const ordered = await erase(ada.headers, PASSWORD)
  t.match([ordered.statusCode, ordered.json()], [202, { erasing: ada.id }])
  t.equal((await ada.get('/api/auth/me')).statusCode, 401, 'signed out at once')
  t.match(await ends, { state: 'completed' })
  t.same(await app.privacy.erase(ada.id), { erased: false }, 'again is harmless')
  t.equal((await nobody.post('/api/auth/login', { email: ada.email, password: PASSWORD })).statusCode, 401)
  t.match(
    (await eve.get(`/api/workspaces/${workspaceId}`)).json(),
    { role: 'owner' },
    'the workspace goes to who is left',
  )
  const { items } = (await eve.get(`${room}/messages?order=asc`)).json<{
    items: { content: string; authorId: string | null }[]
  }>()
  t.match(items, [
    { content: '', authorId: null },
    { content: 'stays', authorId: eve.id },
  ])
  const tables = [
    'users',
    'sessions',
    'messages',
    'events',
    'workspaces',
    'uploads',
    'invitations',
    'data_exports',
    'idempotency_keys',
  ] as const
  for (const table of tables) {
    const [row] = await app.db.sql<
      { found: string | null }[]
    >`select string_agg(x::text, ' ') as found from ${app.db.sql(table)} x`
    t.notMatch(row?.found ?? '', new RegExp(`${ada.email}|heliotrope`), `${table} has nothing left`)
  }
  t.equal((await root.delete(`/api/users/${eve.id}`)).statusCode, 202, 'by an administrator')
  const log = (await root.get(`/api/audit?targetId=${ada.id}&action=account.erased`)).json<{ items: object[] }>()
  t.equal(log.items.length, 1)
})

t.test('SECURITY 8: no default administrator; the first one by a link that is good once', async (t) => {
  const app = await testApp(t)
  const nobody = caller(app)
  const former = (await app.setup.issue()) as string
  const token = (await app.setup.issue()) as string
  const body = (given: string, email = 'root@example.org') => ({
    token: given,
    email,
    password: PASSWORD,
    name: 'Root',
  })
  t.equal((await nobody.post('/api/setup', body(former))).statusCode, 404, 'the one before is good no longer')
  t.equal((await nobody.post('/api/setup', body('x'))).statusCode, 404)
  t.equal((await nobody.post('/api/setup', { token })).statusCode, 400)
  t.equal((await nobody.post('/api/setup', { ...body(token), password: 'password123' })).statusCode, 400)
  const answers = await Promise.all(
    Array.from({ length: 5 }, (_, index) => nobody.post('/api/setup', body(token, `root${index}@example.org`))),
  )
  t.same(answers.map(({ statusCode }) => statusCode).sort(), [201, 404, 404, 404, 404], 'of five at a time, one')
  const made = answers
    .find(({ statusCode }) => statusCode === 201)
    ?.json<{ accessToken: string; user: { role: string } }>()
  t.equal(made?.user.role, 'admin')
  t.equal((await nobody.get('/api/users', { authorization: `Bearer ${made?.accessToken}` })).statusCode, 200)
  t.equal(await app.setup.issue(), undefined, 'no link once there is an account')
  await app.db
    .sql`insert into setup_tokens (token_hash, expires_at) values (encode(sha256('late'), 'hex'), now() + interval '1 hour')`
  t.equal((await nobody.post('/api/setup', body('late', 'second@example.org'))).statusCode, 409, 'and no second one')
  const [row] = await app.db.sql<{ admins: number }[]>`select count(*)::int as admins from users where role = 'admin'`
  t.equal(row?.admins, 1)
})
