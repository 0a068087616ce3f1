import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { WebSocket } from 'ws'
import { createParley, memoryStore, type Parley } from '../../sdk/index.ts'
import { person, testApp } from '../helpers/app.ts'
import { testDatabase } from '../helpers/database.ts'
import { faultyProxy } from '../helpers/faulty-proxy.ts'
import { seededRandom } from '../helpers/random.ts'

const USERS = 8
const EACH = 40
const CLIENTS = USERS * EACH

const portOf = (app: FastifyInstance) => (app.server.address() as AddressInfo).port

t.test('a deploy: hundreds of clients are spread over the window, and all come back without a loss', async (t) => {
  const databaseUrl = await testDatabase(t)
  const env = { JWT_SECRET: 'one secret for all instances of this test', RATE_LIMIT_ENABLED: 'false' }
  const [leaving, staying] = [await testApp(t, { databaseUrl, env }), await testApp(t, { databaseUrl, env })]
  for (const app of [leaving, staying]) await app.listen({ port: 0, host: '127.0.0.1' })
  let port = portOf(leaving)
  const proxy = await faultyProxy(t, { random: seededRandom(1), target: () => port })

  const people = await Promise.all(Array.from({ length: USERS }, (_, index) => person(leaving, `user-${index}`)))
  const [owner] = people as [(typeof people)[number]]
  const { id } = (await owner.post('/api/conversations', { title: 'Deploy', assistant: 'off' })).json<{ id: string }>()
  for (const { id: userId } of people.slice(1)) await owner.post(`/api/conversations/${id}/members`, { userId })
  const write = async (app: FastifyInstance, content: string) => {
    const { headers } = owner
    await app.inject({ method: 'POST', url: `/api/conversations/${id}/messages`, headers, payload: { content } })
  }

  const seen = new Map<Parley, string[]>()
  const told: number[] = []
  const clients = people.flatMap(({ token, refreshToken }) =>
    Array.from({ length: EACH }, () => {
      const store = memoryStore({ accessToken: token, refreshToken, expiresAt: Date.now() + 900_000 })
      const parley = createParley({ url: `http://127.0.0.1:${proxy.port}`, WebSocket, store })
      t.teardown(parley.close)
      const room = parley.socket.subscribe(`conversation:${id}`)
      const contents: string[] = []
      seen.set(parley, contents)
      parley.socket.on('system', ({ event, reconnectAfterMs = -1 }) => event === 'drain' && told.push(reconnectAfterMs))
      const all = new Promise<void>((resolve) =>
        room.on('event', ({ data }) => contents.push((data as { content: string }).content) === 3 && resolve()),
      )
      return { parley, room, all }
    }),
  )
  await Promise.all(clients.map(({ room }) => room.ready))
  t.equal(leaving.hub.stats().connections, CLIENTS)

  await write(leaving, 'before')
  port = portOf(staying)
  await leaving.close()
  await write(staying, 'meanwhile')
  await write(staying, 'after')
  await Promise.all(clients.map(({ all }) => all))
  for (const contents of seen.values())
    if (contents.join() !== 'before,meanwhile,after') t.fail(`one client has ${contents.join()}`)
  t.equal(staying.hub.stats().connections, CLIENTS, 'all are back')
  t.equal(staying.hub.stats().subscriptions.resumed, CLIENTS, 'and all resumed without loss')

  const ascending = told.sort((a, b) => a - b)
  t.equal(ascending.length, CLIENTS, 'each was told a moment')
  const share = 1000 / CLIENTS
  const uneven = ascending.filter((ms, place) => Math.abs(ms - (place + 0.5) * share) > share + 1)
  t.same(uneven, [], 'evenly spread over a second')
})
