import type { AddressInfo } from 'node:net'
import t from 'tap'
import { caller, type Person, person, testApp } from '../helpers/app.ts'
import { openSocket } from '../helpers/socket-client.ts'

t.test('service accounts and their keys', async (t) => {
  const app = await testApp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const people = await Promise.all(['owner', 'member', 'eve'].map((name) => person(app, name)))
  const [owner, member, eve] = people as [Person, Person, Person]
  const nobody = caller(app)
  const { id } = (await owner.post('/api/workspaces', { name: 'W' })).json<{ id: string }>()
  await owner.post(`/api/workspaces/${id}/members`, { userId: member.id, role: 'member' })
  const url = `/api/workspaces/${id}/service-accounts`
  const made = await owner.post(url, { name: 'build server', role: 'viewer' })
  t.match(
    [made.statusCode, made.json()],
    [201, { name: 'build server', role: 'viewer', workspaceId: id, disabledAt: null }],
  )
  const robot = `${url}/${made.json<{ id: string }>().id}`
  const scopes = ['conversations:read', 'conversations:write', 'workspaces:read']

  type Row = [
    name: string,
    as: Pick<Person, 'get' | 'post' | 'patch' | 'delete'>,
    method: 'get' | 'post' | 'patch' | 'delete',
    path: string,
    body: object | undefined,
    status: number,
  ]
  const rows: Row[] = [
    ['make without a name', owner, 'post', url, {}, 400],
    ['make an owner', owner, 'post', url, { name: 'x', role: 'owner' }, 400],
    ['make as a member', member, 'post', url, { name: 'x' }, 403],
    ['make as an outsider', eve, 'post', url, { name: 'x' }, 404],
    ['make as nobody', nobody, 'post', url, { name: 'x' }, 401],
    ['list', owner, 'get', url, undefined, 200],
    ['list as a member', member, 'get', url, undefined, 403],
    ['list as nobody', nobody, 'get', url, undefined, 401],
    ['list wrongly', owner, 'get', `${url}?limit=0`, undefined, 400],
    ['one', owner, 'get', robot, undefined, 200],
    ['one as nobody', nobody, 'get', robot, undefined, 401],
    ['one that is a person', owner, 'get', `${url}/${member.id}`, undefined, 404],
    ['one that is no id', owner, 'get', `${url}/x`, undefined, 400],
    ['change nothing', owner, 'patch', robot, {}, 400],
    ['change as nobody', nobody, 'patch', robot, { name: 'x' }, 401],
    ['change a person', owner, 'patch', `${url}/${member.id}`, { name: 'x' }, 404],
    ['make a key with an unknown scope', owner, 'post', `${robot}/api-keys`, { name: 'k', scopes: ['all'] }, 400],
    ['make a key as a member', member, 'post', `${robot}/api-keys`, { name: 'k', scopes }, 403],
    ['make a key as nobody', nobody, 'post', `${robot}/api-keys`, { name: 'k', scopes }, 401],
    ['make a key for a person', owner, 'post', `${url}/${member.id}/api-keys`, { name: 'k', scopes }, 404],
    ['list keys as nobody', nobody, 'get', `${robot}/api-keys`, undefined, 401],
    ['list keys of a person', owner, 'get', `${url}/${member.id}/api-keys`, undefined, 404],
    ['list keys wrongly', owner, 'get', `${robot}/api-keys?cursor=x`, undefined, 400],
    ['revoke what is not', owner, 'delete', `${robot}/api-keys/${id}`, undefined, 404],
    ['revoke what is no id', owner, 'delete', `${robot}/api-keys/x`, undefined, 400],
    ['revoke as nobody', nobody, 'delete', `${robot}/api-keys/${id}`, undefined, 401],
    ['delete a person', owner, 'delete', `${url}/${member.id}`, undefined, 404],
    ['delete as nobody', nobody, 'delete', robot, undefined, 401],
    ['delete what is no id', owner, 'delete', `${url}/x`, undefined, 400],
  ]
  for (const [name, as, method, path, body, status] of rows) {
    const answer = method === 'get' || method === 'delete' ? await as[method](path) : await as[method](path, body)
    t.equal(answer.statusCode, status, `${name} ${answer.body}`)
  }

  const key = (await owner.post(`${robot}/api-keys`, { name: 'ci', scopes })).json<{ id: string; key: string }>()
  t.match((await owner.get(`${robot}/api-keys`)).json(), { items: [{ id: key.id, name: 'ci', lastUsedAt: null }] })
  t.same(
    (await owner.get('/api/auth/api-keys')).json(),
    { items: [], nextCursor: null },
    'not among those of its maker',
  )
  const machine = caller(app, { authorization: `Bearer ${key.key}` })
  const room = (await owner.post('/api/conversations', { workspaceId: id, assistant: 'off' })).headers
    .location as string
  t.equal((await machine.get(room)).statusCode, 200)
  t.match(
    (await machine.get('/api/workspaces')).json(),
    { items: [{ id, role: 'viewer' }] },
    'it belongs to this one only',
  )
  t.equal((await machine.post(`${room}/messages`, { content: 'x' })).statusCode, 403, 'its role is a viewer')
  t.match((await owner.patch(robot, { role: 'member', name: 'deployer' })).json(), { role: 'member', name: 'deployer' })
  t.equal((await machine.post(`${room}/messages`, { content: 'deployed' })).statusCode, 201)
  t.equal(
    (await machine.post('/api/conversations', {})).json<{ workspaceId: string }>().workspaceId,
    id,
    'its workspace is the default',
  )
  t.equal((await machine.get(url)).statusCode, 403, 'a member manages no service accounts')

  const login = await nobody.post('/api/auth/login', {
    email: `${made.json<{ id: string }>().id}@service.invalid`,
    password: 'x',
  })
  t.equal(login.statusCode, 401, 'it cannot sign in')
  t.equal(
    (await owner.post(`/api/workspaces/${id}/transfer`, { userId: made.json<{ id: string }>().id })).statusCode,
    422,
    'it owns nothing',
  )

  const socket = await openSocket(`ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/ws`, { token: key.key })
  t.match(await socket.ask({ type: 'subscribe', topic: `conversation:${room.split('/').at(-1)}` }), { type: 'ack' })
  t.match((await owner.patch(robot, { disabled: true })).json(), { disabledAt: String })
  t.equal((await socket.closed).code, 4401, 'disabled, its sockets are closed')
  t.equal((await machine.get(room)).statusCode, 401)
  t.match((await owner.patch(robot, { disabled: false })).json(), { disabledAt: null })
  t.match((await owner.get(`${robot}/api-keys`)).json(), { items: [{ lastUsedAt: String }] }, 'its use was noted')
  t.equal((await owner.delete(`${robot}/api-keys/${key.id}`)).statusCode, 204)
  t.equal((await owner.delete(robot)).statusCode, 204)
  t.equal((await owner.get(robot)).statusCode, 404)
  const [message] = (await owner.get(`${room}/messages`)).json<{ items: { content: string; authorId: null }[] }>().items
  t.match(message, { content: 'deployed', authorId: null }, 'what it wrote stays')
  const actions = (await owner.get(`/api/workspaces/${id}/audit?limit=100`)).json<{ items: { action: string }[] }>()
    .items
  for (const action of ['created', 'updated', 'deleted']) {
    t.ok(
      actions.some((line) => line.action === `service_account.${action}`),
      action,
    )
  }
})
