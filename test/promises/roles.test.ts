import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import type { TopicKind } from '../../src/contracts/events.ts'
import { CLIENT_FRAMES, FRAME_DECLARATIONS, TOPIC_DECLARATIONS } from '../../src/contracts/frames.ts'
import { JOBS, type Job, type JobDefinition } from '../../src/contracts/jobs.ts'
import { type Need, SERVER_POLICY, WORKSPACE_POLICY } from '../../src/contracts/policy.ts'
import { caller, PASSWORD, type Person, person, testApp } from '../helpers/app.ts'
import { testDatabase } from '../helpers/database.ts'
import { type Operation, operationsOf, requestFor, sample, send } from '../helpers/operations.ts'
import { allowed, ROLES } from '../helpers/roles.ts'
import { openSocket } from '../helpers/socket-client.ts'
import { makeThings, peopleOf, SPECIAL, type Things } from '../helpers/things.ts'

const asIs = (schema: object) => schema as never

/** What somebody is told who may do it: done, or not possible just now. Everything else means that the request was not understood. */
const DONE = new Set([200, 201, 202, 204, 409, 412, 416, 422])

async function requestOf(
  app: FastifyInstance,
  operation: Operation,
  things: Things,
  resolve: (schema: never) => never,
) {
  const request = requestFor(operation, resolve as never, things)
  const special = (await SPECIAL[operation.id]?.(app, things, request)) ?? {}
  return { ...request, ...special, headers: { ...request.headers, ...special.headers } }
}

t.test('SECURITY 32, 30: every operation of the OpenAPI document, as every role', async (t) => {
  const app = await testApp(t)
  const owner = await person(app, 'owner')
  const things = await makeThings(app, owner)
  const people = await peopleOf(app, owner, things.workspaceId)
  const { operations, resolve } = await operationsOf(app)
  let asked = 0
  for (const operation of operations) {
    const { id, needs, isPublic } = operation
    if (isPublic) continue
    const name = `${id} (${needs})`
    t.ok(needs, `${id} declares what it needs`)
    const call = async (as?: Person) => {
      const request = await requestOf(app, operation, things, resolve as never)
      return send(app, request, as)
    }
    t.equal((await call()).statusCode, 401, `${name} as nobody`)
    if (needs === 'own' || needs === undefined || needs in SERVER_POLICY) continue
    asked += 1
    t.equal((await call(people.outsider)).statusCode, 404, `${name} as an outsider`)
    for (const role of ROLES) {
      const answer = await call(people[role])
      if (allowed(role, needs))
        t.ok(
          DONE.has(answer.statusCode),
          `${name} as ${role}: ${answer.statusCode} ${answer.statusCode < 300 ? '' : answer.body}`,
        )
      else t.match(answer.json(), { status: 403, code: 'FORBIDDEN' }, `${name} as ${role} is refused`)
    }
  }
  t.ok(asked > 30, `${asked} operations asked`)
  const needed = new Set(operations.map(({ needs }) => needs))
  for (const operation of Object.keys(WORKSPACE_POLICY))
    t.ok(needed.has(operation as Need), `${operation} is needed by some route`)
})

t.test('SECURITY 32: what is for administrators, as a user and as an administrator', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  await app.accounts.provision({ email: 'root@example.org', password: PASSWORD, role: 'admin', tier: 'free' })
  const login = await caller(app).post('/api/auth/login', { email: 'root@example.org', password: PASSWORD })
  const root = { headers: { authorization: `Bearer ${login.json<{ accessToken: string }>().accessToken}` } }
  const { operations, resolve } = await operationsOf(app)
  const things: Things = { workspaceId: '', replyId: '', records: { '/api/users': ada.id }, values: {} }
  const forAdmins = operations.filter(({ needs }) => needs !== undefined && needs in SERVER_POLICY)
  t.ok(forAdmins.length >= 3)
  for (const operation of forAdmins) {
    const request = await requestOf(app, operation, things, resolve as never)
    t.equal((await send(app, request, ada)).statusCode, 403, `${operation.id} as a user`)
    const answer = await send(app, request, root)
    t.ok(DONE.has(answer.statusCode), `${operation.id} as an administrator: ${answer.statusCode} ${answer.body}`)
  }
})

t.test('SECURITY 12, 32: every frame and topic of the socket, as every role', async (t) => {
  const app = await testApp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/ws`
  const owner = await person(app, 'owner')
  const things = await makeThings(app, owner)
  const people = await peopleOf(app, owner, things.workspaceId)
  const topics: Partial<Record<TopicKind, string>> = {
    conversation: things.records['/api/conversations'] as string,
    workspace: things.workspaceId,
    changes: things.workspaceId,
    source: things.records['/api/sources'] as string,
    job: things.records['/api/jobs'] as string,
  }
  const rows: [name: string, needs: Need, frame: () => Record<string, unknown>][] = []
  for (const [type, { needs }] of Object.entries(FRAME_DECLARATIONS)) {
    if (needs === undefined || needs === 'own' || needs === 'topic') continue
    const schema = CLIENT_FRAMES[type as keyof typeof CLIENT_FRAMES]
    const values = { ...things.values, type, version: 99, ...(type === 'stop' && { messageId: things.replyId }) }
    const { uploadIds: _, ...rest } = values as Record<string, unknown>
    rows.push([
      type,
      needs,
      () => ({
        ...(sample(asIs(schema), (one) => one, rest) as object),
        ...(type === 'chat' && { clientId: crypto.randomUUID() }),
      }),
    ])
  }
  for (const [kind, id] of Object.entries(topics)) {
    const needs = TOPIC_DECLARATIONS[kind as TopicKind].needs as Need
    rows.push([`subscribe ${kind}`, needs, () => ({ type: 'subscribe', topic: `${kind}:${id}` })])
  }
  t.ok(rows.length >= 10)
  for (const role of ['outsider', ...ROLES] as const) {
    const client = await openSocket(url, { token: people[role].token })
    for (const [name, needs, frame] of rows) {
      const answer = await client.ask(frame() as { type: string })
      const right = role !== 'outsider' && allowed(role, needs)
      if (right)
        t.notMatch(
          answer,
          { code: /^(NOT_FOUND|FORBIDDEN|BAD_REQUEST|VALIDATION_FAILED|UNAUTHENTICATED|INTERNAL)$/ },
          `${name} as ${role}: ${JSON.stringify(answer)}`,
        )
      else
        t.match(answer, { type: 'error', code: role === 'outsider' ? 'NOT_FOUND' : 'FORBIDDEN' }, `${name} as ${role}`)
    }
    if (role !== 'owner')
      t.match(
        await client.ask({ type: 'subscribe', topic: `user:${owner.id}` }),
        { code: 'NOT_FOUND' },
        `the owner's own topic as ${role}`,
      )
    await client.close()
  }
  const key = await owner.post('/api/auth/api-keys', { name: 'reader', scopes: ['account:read'] })
  const machine = await openSocket(url, { token: key.json<{ key: string }>().key })
  for (const [name, , frame] of rows) {
    t.match(
      await machine.ask(frame() as { type: string }),
      { code: 'FORBIDDEN' },
      `${name} with a key that lacks the scope`,
    )
  }
  t.match(
    await machine.ask({ type: 'subscribe', topic: `user:${owner.id}` }),
    { type: 'ack' },
    'and what its scope allows',
  )
  const revoked = await owner.delete(`/api/auth/api-keys/${key.json<{ id: string }>().id}`)
  t.equal(revoked.statusCode, 204)
  t.equal((await machine.closed).code, 4401, 'a revoked key loses its sockets')
})

/** Submits a job as somebody and waits for its end. */
async function run(
  app: FastifyInstance,
  userId: string,
  name: string,
  data: object,
  workspaceId: string,
): Promise<Job> {
  const changed = new EventTarget()
  app.events.on(
    'job.updated',
    ({ data: job }) => void changed.dispatchEvent(new CustomEvent('change', { detail: job })),
  )
  const id = await app.db.transact((tx) => tx.job({ name, data, userId, workspaceId }))
  for (;;) {
    const [event] = (await once(changed, 'change', { signal: AbortSignal.timeout(30_000) })) as [CustomEvent<Job>]
    const job = event.detail
    if (job.id === id && (job.state === 'completed' || job.state === 'failed')) return job
  }
}

t.test('SECURITY 35: every job, as every role', async (t) => {
  const app = await testApp(t)
  const owner = await person(app, 'owner')
  const things = await makeThings(app, owner)
  const people = await peopleOf(app, owner, things.workspaceId)
  let asked = 0
  for (const [name, { needs, data: schema }] of Object.entries(JOBS as Record<string, JobDefinition>)) {
    if (needs === 'own' || needs === 'server') continue
    asked += 1
    const data = sample(asIs(schema), (one) => one, { ...things.values, messageId: things.replyId }) as object
    for (const role of ['outsider', ...ROLES] as const) {
      const { error } = await run(app, people[role].id, name, data, things.workspaceId)
      if (role === 'outsider') t.match(error, { code: 'NOT_FOUND' }, `${name} as an outsider`)
      else if (allowed(role, needs))
        t.notMatch(error, { code: /NOT_FOUND|FORBIDDEN/ }, `${name} as ${role}: ${error?.message}`)
      else t.match(error, { code: 'FORBIDDEN' }, `${name} as ${role}`)
    }
  }
  t.ok(asked >= 2)
})

t.test('SECURITY 35: a job runs with the rights of when it runs, not of when it was ordered', async (t) => {
  const databaseUrl = await testDatabase(t)
  const api = await testApp(t, { databaseUrl, env: { ROLE: 'api' } })
  const [owner, member] = [await person(api, 'owner'), await person(api, 'member')]
  const workspaceId = (await owner.post('/api/workspaces', { name: 'W' })).json<{ id: string }>().id
  await owner.post(`/api/workspaces/${workspaceId}/members`, { userId: member.id, role: 'member' })
  const asked = await member.post('/api/chat', { message: 'Hello?', workspaceId }, { prefer: 'respond-async' })
  const { job } = asked.json<{ job: Job }>()
  t.equal(job.state, 'queued', 'it waits')
  const removed = await owner.delete(`/api/workspaces/${workspaceId}/members/${member.id}`)
  t.equal(removed.statusCode, 204)
  await api.db.sql`delete from conversation_members where user_id = ${member.id}`
  const worker = await testApp(t, { databaseUrl, env: { ROLE: 'worker' } })
  const failed = once(new EventTarget(), 'never', { signal: AbortSignal.timeout(30_000) })
  const end = await new Promise<Job>((resolve, reject) => {
    failed.catch(reject)
    worker.events.on('job.updated', ({ data }) => {
      const { id, state } = data as Job
      if (id === job.id && state !== 'queued' && state !== 'active') resolve(data as Job)
    })
  })
  t.match(end, { state: 'failed', error: { code: 'NOT_FOUND' } })
})
