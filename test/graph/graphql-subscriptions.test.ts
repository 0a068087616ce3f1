import { once } from 'node:events'
import { request } from 'node:http'
import { type Client, type ClientOptions, createClient } from 'graphql-ws'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { TIER_LIMITS } from '../../src/contracts/policy.ts'
import { createQueue } from '../../src/graph/graphql/queue.ts'
import type { Source } from '../../src/graph/model-sources.ts'
import { newId } from '../../src/lib/ids.ts'
import { type Person, person, type TestAppOptions, testApp } from '../helpers/app.ts'
import type { Files } from './tree.ts'
import { archiveOf, ended, upload } from './world.ts'

interface Result {
  data?: Record<string, Record<string, never>> | null
  errors?: readonly { message: string; extensions?: { code?: string } }[]
}
const UPDATED = `subscription ($id: ID!) { graphUpdated(sourceId: $id) { sourceId revision complete counts { added removed changed }
  added { nodes { key incoming(kinds: [calls]) { from { key } } } edges { kind to { key } } } removed { nodes } changed { nodes { key } } } }`
const JOB = 'subscription ($id: ID!) { jobUpdated(id: $id) { id name state progress phase error { code } } }'

async function world(t: Test, options: TestAppOptions = {}) {
  const app = await testApp(t, options)
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `${address.replace('http', 'ws')}/graphql`
  /** A client of the library, and how its connection ended. */
  const connect = (params: ClientOptions['connectionParams'], more: Partial<ClientOptions> = {}) => {
    const ends: { code: number; reason: string }[] = []
    let tell = () => {}
    const closed = new Promise<void>((resolve) => {
      tell = resolve
    })
    const client = createClient({
      url,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      ...(params && { connectionParams: params }),
      on: {
        closed: (event) => {
          const { code, reason } = event as { code: number; reason: string }
          ends.push({ code, reason })
          tell()
        },
      },
      onNonLazyError: () => {},
      ...more,
    })
    t.teardown(() => client.dispose())
    return { client, ends, closed }
  }
  const as = (who: Person, more: Partial<ClientOptions> = {}) => connect({ authorization: `Bearer ${who.token}` }, more)
  const analyse = async (who: Person, files: Files, sourceId?: string, workspaceId?: string) => {
    const uploadId = await upload(who, 'code.tgz', archiveOf(files), workspaceId)
    const answer = await who.post('/api/analyze', { uploadIds: [uploadId], ...(sourceId && { sourceId }) })
    return answer.json<{ job: { id: string }; source: Source }>()
  }
  return { app, url, connect, as, analyse }
}

/** Results of one subscription. `started` resolves once the hub has it. */
function follow(client: Client, query: string, variables?: Record<string, unknown>) {
  const results = client.iterate({ query, ...(variables && { variables }) })
  return { next: async () => (await results.next()).value as Result, stop: () => results.return?.() }
}

/** Until so many subscriptions are held by the hub of an app. */
async function subscribed(app: Awaited<ReturnType<typeof testApp>>, count: number): Promise<void> {
  const changed = new EventTarget()
  app.hub.onSubscribed(() => changed.dispatchEvent(new Event('change')))
  app.hub.onUnsubscribed(() => setImmediate(() => changed.dispatchEvent(new Event('change'))))
  for (;;) {
    const change = once(changed, 'change', { signal: AbortSignal.timeout(60_000) })
    change.catch(() => {})
    const { active } = app.hub.stats().subscriptions
    if (active === count) return
    await change.catch(() => {
      throw new Error(`${active} subscriptions, waited for ${count}`)
    })
  }
}

t.test('revisions and jobs over graphql-transport-ws', async (t) => {
  const { app, as, analyse } = await world(t)
  const [ada, mate, eve] = [await person(app, 'ada'), await person(app, 'mate'), await person(app, 'eve')]
  const team = (await ada.post('/api/workspaces', { name: 'Team' })).json<{ id: string }>().id
  await ada.post(`/api/workspaces/${team}/members`, { userId: mate.id, role: 'member' })
  const first = await analyse(mate, { 'a.ts': 'export const a = () => 1\n' }, undefined, team)
  t.equal((await ended(app, mate, first.job.id)).state, 'completed')
  const { id } = first.source

  const { client } = as(mate)
  const [one, two] = [follow(client, UPDATED, { id }), follow(client, UPDATED, { id })]
  const heard = [one.next(), two.next()]
  await subscribed(app, 1)
  const files = {
    'a.ts': 'export const a = () => 1\n',
    'b.ts': "import { a } from './a.js'\nexport const b = () => a()\n",
  }
  const second = await analyse(mate, files, id, team)

  await t.test('a job: how it is, how it goes on, and its end', async (t) => {
    const { next } = follow(client, JOB, { id: second.job.id })
    const seen: { state: string; progress: number; phase?: string }[] = []
    for (let result = await next(); result; result = await next()) {
      t.equal(result.errors, undefined)
      seen.push(result.data?.jobUpdated as never)
    }
    t.match(seen.at(-1), { id: second.job.id, name: 'source.analyze', state: 'completed', progress: 1, error: null })
    t.equal(new Set(seen.map(({ state }) => state)).has('failed'), false)
    const after = follow(client, JOB, { id: second.job.id })
    t.match(await after.next(), { data: { jobUpdated: { state: 'completed' } } }, 'one that has ended is told at once')
    t.equal(await after.next(), undefined, 'and that was all')
  })

  await t.test('a revision: to all who follow, with what GraphQL can ask of a node', async (t) => {
    const [result, same] = await Promise.all(heard)
    t.equal(result?.errors, undefined, JSON.stringify(result?.errors))
    t.strictSame(result, same)
    const update = result?.data?.graphUpdated as unknown as {
      revision: number
      added: { nodes: { key: string }[]; edges: { kind: string; to: { key: string } }[] }
    }
    t.match(update, { sourceId: id, revision: 2, complete: true, removed: { nodes: [] } })
    const keys = update.added.nodes.map(({ key }) => key)
    t.ok(keys.includes('b.ts') && keys.includes('b.ts#b().'), keys.join(' '))
    t.ok(update.added.edges.some(({ kind, to }) => kind === 'calls' && to.key === 'a.ts#a().'))
  })

  await t.test('who leaves is not served on, and the others are', async (t) => {
    await one.stop()
    const next = two.next()
    t.equal(app.hub.stats().subscriptions.active, 1)
    await analyse(mate, { 'a.ts': 'export const a = () => 2\n' }, id, team)
    t.match(await next, { data: { graphUpdated: { revision: 3 } } })
    const last = two.next()
    await two.stop()
    t.equal(await last, undefined)
    await subscribed(app, 0)
  })

  await t.test('refusals', async (t) => {
    const stranger = as(eve).client
    const rows: [name: string, client: Client, query: string, variables: Record<string, unknown>, code: string][] = [
      ['a source of others', stranger, UPDATED, { id }, 'NOT_FOUND'],
      ['a job of others', stranger, JOB, { id: second.job.id }, 'NOT_FOUND'],
      ['nothing', client, UPDATED, { id: newId() }, 'NOT_FOUND'],
      ['no id', client, UPDATED, { id: 'x' }, 'VALIDATION_FAILED'],
    ]
    for (const [name, who, query, variables, code] of rows) {
      t.match(await follow(who, query, variables).next(), { errors: [{ extensions: { code } }] }, name)
    }
    const faults: [name: string, query: string, fault: RegExp][] = [
      ['syntax', 'subscription {', /Syntax/],
      ['unknown field', 'subscription { nothing }', /Cannot query/],
      ['a query', '{ __typename }', /over HTTP/],
      ['a mutation', `mutation { deleteSource(id: "${id}") }`, /over HTTP/],
      [
        'two fields',
        `subscription { a: graphUpdated(sourceId: "${id}") { revision } b: graphUpdated(sourceId: "${id}") { revision } }`,
        /only one/,
      ],
      [
        'too deep',
        `subscription { graphUpdated(sourceId: "${id}") { added { nodes { ${'outgoing { to { '.repeat(8)} id ${'} }'.repeat(8)} } } } }`,
        /depth|cost/,
      ],
      ['too long', `subscription { ${' '.repeat(20_000)} graphUpdated(sourceId: "${id}") { revision } }`, /characters/],
    ]
    for (const [name, query, fault] of faults) {
      const error = await follow(client, query)
        .next()
        .then(
          () => undefined,
          (errors) => errors as { message: string; extensions: { code: string } }[],
        )
      t.match(error?.[0]?.message, fault, name)
      t.equal(error?.[0]?.extensions.code, 'VALIDATION_FAILED', name)
    }
    t.equal((await mate.get(`/api/sources/${id}`)).statusCode, 200, 'nothing was carried out')
    t.match((await mate.post('/graphql', { query: UPDATED, variables: { id } })).json(), {
      errors: [{ message: /WebSocket/ }],
    })
  })

  await t.test('a right that is lost ends the subscription, and says so', async (t) => {
    const { next } = follow(client, UPDATED, { id })
    const lost = next()
    await subscribed(app, 1)
    t.equal((await ada.delete(`/api/workspaces/${team}/members/${mate.id}`)).statusCode, 204)
    t.match(await lost, { errors: [{ extensions: { code: 'NOT_FOUND' } }] })
    t.equal(await next(), undefined)
  })
})

t.test('the session rules of /ws', async (t) => {
  const { app, url, connect, as, analyse } = await world(t, {
    env: { CORS_ORIGINS: 'https://app.example.com', SOCKETS_PER_ADDRESS: '6' },
  })
  const ada = await person(app, 'ada')
  const { job, source } = await analyse(ada, { 'a.ts': 'export const a = 1\n' })
  await ended(app, ada, job.id)

  await t.test('foreign pages, and what is no upgrade', async (t) => {
    const upgrade = (headers: Record<string, string>) =>
      new Promise<{ status: number; body: string }>((resolve, reject) => {
        const call = request(url.replace('ws:', 'http:'), { headers })
        call.on('upgrade', ({ statusCode, headers }, socket) => {
          socket.destroy()
          resolve({ status: statusCode as number, body: String(headers['sec-websocket-protocol']) })
        })
        call.on('response', async (response) => {
          let body = ''
          for await (const chunk of response) body += chunk
          resolve({ status: response.statusCode as number, body })
        })
        call.on('error', reject)
        call.end()
      })
    const handshake = {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': 'graphql-transport-ws',
    }
    const rows: [name: string, headers: Record<string, string>, status: number, body: RegExp][] = [
      ['a page of ours', { ...handshake, origin: 'https://app.example.com' }, 101, /^graphql-transport-ws$/],
      ['no page', handshake, 101, /^graphql-transport-ws$/],
      ['a foreign page', { ...handshake, origin: 'https://evil.example' }, 403, /ORIGIN_NOT_ALLOWED/],
      ['a header without an upgrade', { upgrade: 'websocket' }, 400, /WebSocket/],
      ['another upgrade', { upgrade: 'h2c' }, 401, /UNAUTHENTICATED/],
    ]
    for (const [name, headers, status, body] of rows) {
      const answer = await upgrade(headers)
      t.equal(answer.status, status, name)
      t.match(answer.body, body, name)
    }
  })

  await t.test('how a connection ends', async (t) => {
    const never = { lazy: false }
    const rows: [name: string, params: Record<string, unknown>, code: number][] = [
      ['no token', {}, 4401],
      ['a forged one', { authorization: 'Bearer x.y.z' }, 4401],
      ['one that is no text', { token: 7 }, 4401],
    ]
    for (const [name, params, code] of rows) {
      const { ends, closed } = connect(params, never)
      await closed
      t.equal(ends[0]?.code, code, name)
    }
    const raw = async (protocols: string[], ...messages: (string | Buffer)[]) => {
      const socket = new WebSocket(url, protocols)
      await once(socket, 'open')
      for (const message of messages) socket.send(message)
      const [code] = (await once(socket, 'close', { signal: AbortSignal.timeout(60_000) })) as [number]
      return code
    }
    const init = JSON.stringify({ type: 'connection_init', payload: { token: ada.token } })
    const subscribe = JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } })
    const speaks = ['graphql-transport-ws']
    t.equal(
      await raw(['parley.v1'], init).catch((error: Error) => error.message),
      'Server sent no subprotocol',
      'another protocol',
    )
    t.equal(await raw(speaks, subscribe), 4401, 'before it is known who it is')
    t.equal(await raw(speaks, 'nonsense'), 4400)
    t.equal(await raw(speaks, Buffer.from([1, 2])), 4400, 'bytes')
    t.equal(await raw(speaks, init, init), 4429, 'twice')
    t.equal(await raw(speaks, `{"type":"ping","payload":{"a":"${'x'.repeat(70_000)}"}}`), 1009, 'too long')
    t.equal(app.hub.stats().users, 0, 'nobody is left')
  })

  await t.test('tokens by subprotocol, as browsers send them', async (t) => {
    const socket = new WebSocket(url, ['graphql-transport-ws', `bearer.${ada.token}`])
    socket.on('open', () => socket.send('{"type":"connection_init"}'))
    const [message] = await once(socket, 'message', { signal: AbortSignal.timeout(60_000) })
    t.equal(String(message), '{"type":"connection_ack"}')
    const closed = once(socket, 'close')
    socket.close()
    await closed
  })

  await t.test('too many connections of an address', async (t) => {
    const open = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const socket = new WebSocket(url, ['graphql-transport-ws'])
        await once(socket, 'open')
        return socket
      }),
    )
    const { ends, closed } = as(ada, { lazy: false })
    await closed
    t.equal(ends[0]?.code, 4429)
    await Promise.all(
      open.map((socket) => {
        socket.close()
        return once(socket, 'close')
      }),
    )
  })

  await t.test('a session that is ended closes with 4401, at once', async (t) => {
    const { client, ends, closed } = as(ada)
    const { next } = follow(client, UPDATED, { id: source.id })
    const failed = next().then(
      () => undefined,
      (event) => event as { code: number },
    )
    await subscribed(app, 1)
    t.equal((await ada.post('/api/auth/logout-all')).statusCode, 204)
    await closed
    t.equal((await failed)?.code, 4401)
    t.equal(ends[0]?.code, 4401)
    t.equal(app.hub.stats().subscriptions.active, 0)
  })
})

t.test('the bounds of a connection', async (t) => {
  const { app, url, as, connect, analyse } = await world(t)
  const [ada, eve] = [await person(app, 'ada'), await person(app, 'eve')]
  const { job, source } = await analyse(ada, { 'a.ts': 'export const a = 1\n' })
  await ended(app, ada, job.id)

  /** A connection by hand, acknowledged; `heard` has a promise of each next message. */
  const open = async (token: string) => {
    const socket = new WebSocket(url, ['graphql-transport-ws'])
    const closed = once(socket, 'close') as Promise<[code: number]>
    closed.catch(() => {})
    await once(socket, 'open')
    const said = (message: object) => socket.send(JSON.stringify(message))
    const answer = async () => JSON.parse(String((await once(socket, 'message'))[0])) as Record<string, unknown>
    const acknowledged = answer()
    said({ type: 'connection_init', payload: { token } })
    t.match(await acknowledged, { type: 'connection_ack' })
    return { socket, closed, said, answer }
  }
  const leave = async ({ socket, closed }: Awaited<ReturnType<typeof open>>) => {
    socket.close()
    await closed
  }
  const ping = async ({ said, answer }: Awaited<ReturnType<typeof open>>, token: string) => {
    const pong = answer()
    said({ type: 'ping', payload: { token } })
    t.match(await pong, { type: 'pong' })
  }

  await t.test('a ping with a fresh token renews it; one of somebody else does not', async (t) => {
    const peer = await open(ada.token)
    const expiry = () => app.hub.connectionsOf(ada.id).map(({ identity }) => identity?.expiresAt)
    const [before = 0] = expiry()
    await ping(peer, eve.token)
    t.strictSame(expiry(), [before])
    const { exp } = JSON.parse(Buffer.from(ada.token.split('.')[1] as string, 'base64url').toString()) as {
      exp: number
    }
    const { accessToken } = (await ada.post('/api/auth/refresh', { refreshToken: ada.refreshToken })).json<{
      accessToken: string
    }>()
    // Tokens of the same second are alike: the connection is made to look older instead of waiting for the next one.
    const [connection] = app.hub.connectionsOf(ada.id)
    if (connection?.identity) connection.identity = { ...connection.identity, expiresAt: before - 60_000 }
    await ping(peer, accessToken)
    t.ok((expiry()[0] ?? 0) >= exp * 1000, 'as long as the fresh one')
    await leave(peer)
  })

  await t.test('a hundred subscriptions, and not one more', async (t) => {
    const { client } = as(ada)
    const held = Array.from({ length: 100 }, () => follow(client, UPDATED, { id: source.id }))
    const heard = held.map(({ next }) => next())
    await subscribed(app, 1)
    const more = await follow(client, UPDATED, { id: source.id })
      .next()
      .catch((errors: unknown) => errors)
    t.match(more, [{ extensions: { code: 'RATE_LIMITED' } }])
    await Promise.all(held.map(({ stop }) => stop()))
    t.ok((await Promise.all(heard)).every((result) => result === undefined))
    await subscribed(app, 0)
  })

  await t.test('the connections of a tier, sockets of /ws included', async (t) => {
    const peers = await Promise.all(Array.from({ length: TIER_LIMITS.free.sockets }, () => open(eve.token)))
    const { ends, closed } = connect({ token: eve.token }, { lazy: false })
    await closed
    t.equal(ends[0]?.code, 4429)
    await Promise.all(peers.map(leave))
  })

  await t.test('who does not read is sent away, and may come back', async (t) => {
    const slow = await open(ada.token)
    slow.said({ id: '1', type: 'subscribe', payload: { query: UPDATED, variables: { id: source.id } } })
    await subscribed(app, 1)
    slow.socket.pause()
    const nothing = { nodes: [], edges: [] }
    const removed = { nodes: ['x'.repeat(60_000)], edges: [] }
    const counts = { added: 0, removed: 1, changed: 0 }
    const frame = {
      sourceId: source.id,
      revision: 2,
      complete: true,
      counts,
      added: nothing,
      removed,
      changed: nothing,
    }
    let told = 0
    for (; told < 2000 && app.hub.stats().subscriptions.active > 0; told += 1) {
      app.hub.deliver(`source:${source.id}`, { type: 'graph_update', ...frame } as never)
      await new Promise((resolve) => setImmediate(resolve))
      if (app.hub.connectionsOf(ada.id).every(({ closing }) => closing !== undefined)) break
    }
    t.ok(told < 2000, `after ${told} updates`)
    slow.socket.resume()
    t.strictSame((await slow.closed)[0], 1013)
  })

  await t.test('a server that goes away says so', async (t) => {
    const peer = await open(ada.token)
    await app.close()
    t.equal((await peer.closed)[0], 1012)
  })
})

t.test('a queue', async (t) => {
  const told: string[] = []
  const queue = createQueue<number>(
    2,
    () => told.push('full'),
    () => told.push('left'),
  )
  for (const item of [1, 2, 3]) queue.push(item)
  t.strictSame(told, ['full'])
  t.strictSame(
    [await queue.next(), await queue.next()],
    [
      { value: 1, done: false },
      { value: 2, done: false },
    ],
  )
  const waiting = queue.next()
  queue.push(4)
  t.strictSame(await waiting, { value: 4, done: false })
  const never = queue.next()
  await queue.return()
  t.match(await never, { done: true }, 'whoever waits is let go')
  t.strictSame(told, ['full', 'left'])
  queue.push(5)
  t.match(await queue.next(), { done: true })
})
