import type { AddressInfo } from 'node:net'
import t from 'tap'
import { caller, type Person, person, testApp } from '../helpers/app.ts'
import { testDatabase } from '../helpers/database.ts'
import { smtpServer, type TestSmtpServer } from '../helpers/smtp.ts'
import { openSocket } from '../helpers/socket-client.ts'

const tokenIn = (text = '') => /#invitation=([\w-]+)/.exec(text)?.[1] as string

/** The next mail that invites: who registers gets one too. */
async function invitation(smtp: TestSmtpServer) {
  for (;;) {
    const mail = await smtp.next()
    if (mail.subject?.includes('invites you')) return mail
  }
}

t.test('invitations into a workspace, by real mail', async (t) => {
  const smtp = await smtpServer(t)
  const app = await testApp(t, { env: { SMTP_URL: smtp.url, PUBLIC_URL: 'https://chat.example.org' } })
  const [owner, member, eve, nobody] = [
    await person(app, 'owner'),
    await person(app, 'member'),
    await person(app, 'eve'),
    caller(app),
  ]
  const made = await owner.post('/api/workspaces', { name: 'Research' })
  const { id } = made.json<{ id: string }>()
  const url = `/api/workspaces/${id}`
  await owner.post(`${url}/members`, { userId: member.id, role: 'member' })

  const asked = await owner.post(`${url}/members`, { email: 'Grace@example.org', role: 'admin' })
  t.match([asked.statusCode, asked.json()], [202, { email: 'Grace@example.org', role: 'admin', workspaceId: id }])
  t.notMatch(asked.body, /token/i, 'the token is in the mail only')
  const mail = await invitation(smtp)
  t.match(mail, { subject: 'owner invites you to Research' })
  t.match(mail.envelope.to, ['Grace@example.org'])
  t.match(mail.text, 'https://chat.example.org/#invitation=', 'browsers send what is behind # to nobody')
  const token = tokenIn(mail.text)
  const [stored] = await app.db.sql<
    { text: string }[]
  >`select string_agg(invitations::text, ' ') as text from invitations`
  t.notMatch(stored?.text, token, 'stored as a hash only')

  const preview = await nobody.post('/api/invitations/preview', { token })
  t.match(
    [preview.statusCode, preview.json()],
    [200, { place: 'Research', kind: 'workspace', inviter: 'owner', role: 'admin' }],
  )
  t.equal((await nobody.post('/api/invitations/preview', { token: 'x' })).statusCode, 404)
  t.equal((await nobody.post('/api/invitations/preview', {})).statusCode, 400)
  t.equal((await nobody.post('/api/invitations/accept', { token })).statusCode, 401)
  t.equal(
    (await eve.post('/api/invitations/accept', { token })).statusCode,
    404,
    'a forwarded mail does not help another',
  )
  t.equal((await eve.post('/api/invitations/accept', { token: '' })).statusCode, 400)

  const registered = await nobody.post('/api/auth/register', {
    email: 'grace@example.org',
    password: 'correct horse battery',
    name: 'Grace',
  })
  const grace = caller(app, { authorization: `Bearer ${registered.json<{ accessToken: string }>().accessToken}` })
  const answers = await Promise.all(Array.from({ length: 10 }, () => grace.post('/api/invitations/accept', { token })))
  t.same(
    answers.map(({ statusCode }) => statusCode).sort(),
    [200, ...Array(9).fill(404)],
    'of ten at a time, one is accepted',
  )
  t.match((await grace.get(url)).json(), { role: 'admin' })
  t.equal(
    (await owner.post(`${url}/invitations`, { email: 'grace@example.org', role: 'viewer' })).statusCode,
    409,
    'a member',
  )

  const rows: [
    name: string,
    as: Pick<Person, 'get' | 'post' | 'delete'>,
    method: 'get' | 'post' | 'delete',
    path: string,
    body: object | undefined,
    status: number,
  ][] = [
    ['invite a registered one', owner, 'post', 'invitations', { email: eve.email, role: 'viewer' }, 201],
    ['invite with a role that is not given', owner, 'post', 'invitations', { email: eve.email, role: 'owner' }, 400],
    ['invite as a member', member, 'post', 'invitations', { email: 'x@example.org' }, 403],
    ['invite as an outsider', eve, 'post', 'invitations', { email: 'x@example.org' }, 404],
    ['invite as nobody', nobody, 'post', 'invitations', { email: 'x@example.org' }, 401],
    ['list', grace, 'get', 'invitations', undefined, 200],
    ['list as a member', member, 'get', 'invitations', undefined, 403],
    ['list as nobody', nobody, 'get', 'invitations', undefined, 401],
    ['list with a bad cursor', owner, 'get', 'invitations?cursor=x', undefined, 400],
    ['take back what is not', owner, 'delete', `invitations/${id}`, undefined, 404],
    ['take back what is no id', owner, 'delete', 'invitations/x', undefined, 400],
    ['take back as nobody', nobody, 'delete', `invitations/${id}`, undefined, 401],
  ]
  for (const [name, as, method, path, body, status] of rows) {
    const answer = method === 'post' ? await as.post(`${url}/${path}`, body) : await as[method](`${url}/${path}`)
    t.equal(answer.statusCode, status, `${name} ${answer.body}`)
  }
  const first = tokenIn((await invitation(smtp)).text)
  await owner.post(`${url}/invitations`, { email: eve.email.toUpperCase(), role: 'member' })
  const second = tokenIn((await invitation(smtp)).text)
  t.equal(
    (await eve.post('/api/invitations/accept', { token: first })).statusCode,
    404,
    'a new one replaces the one before',
  )
  const open = (await owner.get(`${url}/invitations`)).json<{ items: { id: string; email: string }[] }>()
  t.equal(open.items.length, 1)
  t.equal((await owner.delete(`${url}/invitations/${open.items[0]?.id}`)).statusCode, 204)
  t.equal((await eve.post('/api/invitations/accept', { token: second })).statusCode, 404, 'taken back')
  await owner.post(`${url}/invitations`, { email: eve.email, role: 'viewer' })
  const late = tokenIn((await invitation(smtp)).text)
  await app.db.sql`update invitations set expires_at = now() - interval '1 second'`
  t.equal((await eve.post('/api/invitations/accept', { token: late })).statusCode, 404, 'expired')
  const actions = await app.db.sql<
    { action: string }[]
  >`select action from audit_log where workspace_id = ${id} and action like 'invitation%' order by id`
  t.same([...new Set(actions.map(({ action }) => action))].sort(), [
    'invitation.accepted',
    'invitation.created',
    'invitation.revoked',
  ])
})

t.test('invitations into a conversation: a guest of it, and of nothing else', async (t) => {
  const smtp = await smtpServer(t)
  const app = await testApp(t, { env: { SMTP_URL: smtp.url } })
  const [owner, nobody] = [await person(app, 'owner'), caller(app)]
  const room = (await owner.post('/api/conversations', { title: 'Plan' })).headers.location as string
  const other = (await owner.post('/api/conversations', { title: 'Secret' })).headers.location as string
  t.equal((await owner.post(`${room}/members`, { email: 'guest@example.org' })).statusCode, 202)
  const token = tokenIn((await invitation(smtp)).text)
  const list = await owner.get(`${room}/invitations`)
  t.match(list.json(), { items: [{ email: 'guest@example.org', role: null }], nextCursor: null })
  t.equal((await nobody.get(`${room}/invitations`)).statusCode, 401)
  t.equal((await owner.get(`${room}/invitations?limit=0`)).statusCode, 400)
  const registered = await nobody.post('/api/auth/register', {
    email: 'guest@example.org',
    password: 'correct horse battery',
  })
  const guest = caller(app, { authorization: `Bearer ${registered.json<{ accessToken: string }>().accessToken}` })
  t.equal((await guest.get(`${room}/invitations`)).statusCode, 404)
  t.match((await guest.post('/api/invitations/accept', { token })).json(), {
    workspaceId: null,
    conversationId: room.split('/').at(-1),
  })
  t.match((await guest.get(room)).json(), { role: 'guest' })
  t.equal((await guest.get(other)).statusCode, 404)
  t.equal((await guest.get(`${room}/invitations`)).statusCode, 403)
  await owner.post(`${room}/members`, { email: 'second@example.org' })
  const [open] = (await owner.get(`${room}/invitations`)).json<{ items: { id: string }[] }>().items
  t.equal((await nobody.delete(`${room}/invitations/${open?.id}`)).statusCode, 401)
  t.equal((await owner.delete(`${room}/invitations/x`)).statusCode, 400)
  t.equal((await owner.delete(`${other}/invitations/${open?.id}`)).statusCode, 404, 'not through another place')
  t.equal((await owner.delete(`${room}/invitations/${open?.id}`)).statusCode, 204)
})

t.test(
  'SECURITY 33: roles, handing over, leaving, deletion and restoration bite on open sockets within 2 s, on two instances',
  async (t) => {
    const databaseUrl = await testDatabase(t)
    const env = { JWT_SECRET: 'one secret for both instances of this test' }
    const [here, there] = [await testApp(t, { databaseUrl, env }), await testApp(t, { databaseUrl, env })]
    await there.listen({ port: 0, host: '127.0.0.1' })
    const [owner, member, nobody] = [await person(here, 'owner'), await person(here, 'member'), caller(here)]
    const { id } = (await owner.post('/api/workspaces', { name: 'W' })).json<{ id: string }>()
    const url = `/api/workspaces/${id}`
    await owner.post(`${url}/members`, { userId: member.id, role: 'member' })
    const room = (await owner.post('/api/conversations', { workspaceId: id })).json<{ id: string }>().id
    const socket = await openSocket(`ws://127.0.0.1:${(there.server.address() as AddressInfo).port}/ws`, {
      token: member.token,
    })
    t.teardown(() => socket.socket.terminate())
    const topics = [`workspace:${id}`, `conversation:${room}`]
    const follow = async () => {
      for (const topic of topics) t.match(await socket.ask({ type: 'subscribe', topic }), { type: 'ack' }, topic)
    }
    const chat = () => socket.ask({ type: 'chat', conversationId: room, content: 'x', clientId: crypto.randomUUID() })
    /** What takes the topics away, and how long it takes until the other instance has done so. */
    async function bites(name: string, act: () => Promise<{ statusCode: number }>) {
      const from = socket.frames.length
      const began = performance.now()
      t.ok((await act()).statusCode < 300, name)
      for (const topic of topics)
        await socket.find((frame) => frame.event === 'unsubscribed' && frame.topic === topic, from)
      t.ok(performance.now() - began < 2000, `${name}: ${Math.round(performance.now() - began)} ms`)
      t.match(await chat(), { type: 'error', code: 'NOT_FOUND' }, `${name}: and nothing can be written`)
    }

    await follow()
    t.match(await chat(), { type: 'ack' })
    t.equal((await owner.patch(`${url}/members/${member.id}`, { role: 'viewer' })).statusCode, 200)
    t.match(await chat(), { type: 'error', code: 'FORBIDDEN' }, 'a viewer writes no more, at once')
    await bites('removed', () => owner.delete(`${url}/members/${member.id}`))
    await owner.post(`${url}/members`, { userId: member.id, role: 'member' })
    await follow()
    await bites('deleted', () => owner.delete(url, { 'if-match': '*' }))
    t.equal((await member.post(`${url}/restore`)).statusCode, 403, 'only its owner restores it')
    t.equal((await nobody.post(`${url}/restore`)).statusCode, 401)
    t.equal((await owner.post('/api/workspaces/x/restore')).statusCode, 400)
    t.match((await owner.get('/api/workspaces/deleted')).json(), { items: [{ id, restorableUntil: String }] })
    t.same((await member.get('/api/workspaces/deleted')).json(), { items: [], nextCursor: null })
    t.equal((await owner.get('/api/workspaces/deleted?limit=0')).statusCode, 400)
    t.equal((await nobody.get('/api/workspaces/deleted')).statusCode, 401)
    t.match((await owner.post(`${url}/restore`)).json(), { id, role: 'owner' })
    t.equal((await owner.post(`${url}/restore`)).statusCode, 404, 'once')
    await follow()
    t.match(await chat(), { type: 'ack' }, 'all is there again')

    const transfer = (as: Pick<Person, 'post'>, userId: string) => as.post(`${url}/transfer`, { userId })
    t.equal((await transfer(member, member.id)).statusCode, 403)
    t.equal((await transfer(nobody, member.id)).statusCode, 401)
    t.equal((await transfer(owner, 'x')).statusCode, 400)
    const stranger = await person(here, 'stranger')
    t.equal((await transfer(stranger, member.id)).statusCode, 404)
    t.equal((await transfer(owner, stranger.id)).statusCode, 422)
    t.match((await transfer(owner, member.id)).json(), { role: 'admin' })
    t.match((await member.get(url)).json(), { role: 'owner' })
    t.equal((await transfer(owner, owner.id)).statusCode, 403, 'not any more')
    t.equal((await member.post(`${url}/leave`)).statusCode, 409, 'an owner cannot leave')
    t.equal((await nobody.post(`${url}/leave`)).statusCode, 401)
    t.equal((await owner.post('/api/workspaces/x/leave')).statusCode, 400)
    t.equal((await owner.post(`${url}/leave`)).statusCode, 204)
    t.equal((await owner.post(`${url}/leave`)).statusCode, 404)
    const [both] = await Promise.all([
      here.db.sql<
        { owners: number }[]
      >`select count(*)::int as owners from workspace_members where workspace_id = ${id} and role = 'owner'`,
    ])
    t.equal(both[0]?.owners, 1)
  },
)

t.test('deleted conversations: restored in time, removed for good after', async (t) => {
  const app = await testApp(t)
  const [owner, member, nobody] = [await person(app, 'owner'), await person(app, 'member'), caller(app)]
  const { id } = (await owner.post('/api/workspaces', { name: 'W' })).json<{ id: string }>()
  await owner.post(`/api/workspaces/${id}/members`, { userId: member.id, role: 'member' })
  const room = (await owner.post('/api/conversations', { workspaceId: id, title: 'Plan', assistant: 'off' })).headers
    .location as string
  await owner.post(`${room}/messages`, { content: 'kept' })
  const remove = () => owner.delete(room, { 'if-match': '*' })
  t.equal((await remove()).statusCode, 204)
  t.equal((await owner.get(room)).statusCode, 404)
  const list = `/api/conversations/deleted?workspaceId=${id}`
  t.match((await owner.get(list)).json(), { items: [{ title: 'Plan', restorableUntil: String }], nextCursor: null })
  t.equal((await member.get(list)).statusCode, 403)
  t.equal((await nobody.get(list)).statusCode, 401)
  t.equal((await owner.get(`${list}&limit=0`)).statusCode, 400)
  t.equal((await member.post(`${room}/restore`)).statusCode, 403)
  t.equal((await nobody.post(`${room}/restore`)).statusCode, 401)
  t.equal((await owner.post('/api/conversations/x/restore')).statusCode, 400)
  t.match((await owner.post(`${room}/restore`)).json(), { title: 'Plan' })
  t.match((await owner.get(`${room}/messages`)).json(), { items: [{ content: 'kept' }] })

  await remove()
  t.same(await app.trash.purge(), { workspaces: 0, conversations: 0 }, 'not before its time')
  await app.db.sql`update conversations set deleted_at = now() - interval '31 days' where deleted_at is not null`
  t.equal((await owner.post(`${room}/restore`)).statusCode, 404, 'too late')
  t.same(await app.trash.purge(), { workspaces: 0, conversations: 1 })
  const topic = `conversation:${room.split('/').at(-1)}`
  t.same([...(await app.db.sql`select 1 from events where topic = ${topic}`)], [], 'its history is gone with it')

  const upload = await owner.post(`/api/uploads?workspaceId=${id}`, 'x', { 'content-type': 'text/plain' })
  t.ok(upload.statusCode)
  await owner.delete(`/api/workspaces/${id}`, { 'if-match': '*' })
  await app.db.sql`update workspaces set deleted_at = now() - interval '31 days' where deleted_at is not null`
  t.equal((await owner.post(`/api/workspaces/${id}/restore`)).statusCode, 404, 'too late')
  t.same(await app.trash.purge(), { workspaces: 1, conversations: 0 })
  t.same(await app.trash.purge(), { workspaces: 0, conversations: 0 }, 'again is harmless')
  t.same([...(await app.db.sql`select 1 from workspaces where id = ${id}`)], [])
  t.match(
    [...(await app.db.sql`select action from audit_log where target_id = ${id} order by id desc limit 1`)],
    [{ action: 'workspace.purged' }],
  )
})
