import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { newId } from '../../src/lib/ids.ts'
import { type Person, person, testApp } from '../helpers/app.ts'
import { fillPassages } from './world.ts'

interface Answer {
  conversationId: string
  message: { id: string; status: string; role: string; content: string; replyTo: string; citations: { path: string }[] }
  job: { id: string; name: string; state: string }
}

/** A signed-in user with some of this repository's files in the personal workspace. */
async function world(t: Test) {
  const app = await testApp(t)
  const ada = await person(app)
  const { items } = (await ada.get('/api/workspaces')).json<{ items: { id: string }[] }>()
  await fillPassages(app.db, { workspaceId: items[0]!.id, uploadId: newId(), folders: ['plugins', 'routes'] })
  return { app, ada }
}

const ended = async (ada: Person, id: string) => {
  for (;;) {
    const message = (await ada.get(`/api/messages/${id}`)).json<Answer['message']>()
    if (message.status !== 'streaming') return message
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** The events of a stream, read over a real socket. */
async function stream(app: FastifyInstance, ada: Person, body: object) {
  if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/api/chat`, {
    method: 'POST',
    headers: { ...ada.headers, accept: 'text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  const events = text
    .split('\n\n')
    .filter((block) => block.startsWith('event: '))
    .map((block) => {
      const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)$/s.exec(block) ?? []
      return { event, data: JSON.parse(data) as Record<string, unknown> & Answer }
    })
  return { response, events }
}

t.test('one question, three forms of the answer', async (t) => {
  const { app, ada } = await world(t)
  const ask = { message: 'How do I add a plugin?' }

  const json = await ada.post('/api/chat', ask)
  t.equal(json.statusCode, 200)
  const whole = json.json<Answer>()
  t.match(whole.message, { role: 'assistant', status: 'complete', content: /To add one/ })
  t.ok(whole.message.citations.some((citation) => citation.path === 'plugins/README.md'))
  const again = await ada.post('/api/chat', { ...ask, conversationId: whole.conversationId })
  t.equal(again.json<Answer>().conversationId, whole.conversationId, 'goes on in the same conversation')
  t.not(again.json<Answer>().message.id, whole.message.id)

  const accepted = await ada.post('/api/chat', ask, { prefer: 'respond-async, wait=5' })
  t.equal(accepted.statusCode, 202)
  t.equal(accepted.headers['preference-applied'], 'respond-async')
  const later = accepted.json<Answer>()
  t.match(later, { message: { role: 'assistant' }, job: { name: 'reply.generate' } })
  t.match(await ended(ada, later.message.id), { status: 'complete', content: whole.message.content })
  t.equal((await ada.get(`/api/jobs/${later.job.id}`)).statusCode, 200)

  const { response, events } = await stream(app, ada, ask)
  t.equal(response.status, 200)
  t.match(response.headers.get('content-type'), /^text\/event-stream/)
  t.match(response.headers.get('cache-control'), /no-store/)
  const [first, last] = [events[0]!, events.at(-1)!]
  t.match(first, {
    event: 'reply_started',
    data: { message: { status: 'streaming' }, job: { name: 'reply.generate' } },
  })
  t.match(last, { event: 'message', data: { message: { status: 'complete', id: first.data.message.id } } })
  const deltas = events.slice(1, -1)
  t.ok(deltas.length > 0)
  t.strictSame(
    deltas.map(({ event, data }) => [event, data.index]),
    deltas.map((_, index) => ['reply_delta', index]),
  )
  t.equal(deltas.map(({ data }) => data.text).join(''), last.data.message.content)
  t.strictSame(last.data.message.citations, whole.message.citations)
})

t.test('an answer is repeated for the same Idempotency-Key', async (t) => {
  const { app, ada } = await world(t)
  const call = () => ada.post('/api/chat', { message: 'plugins?' }, { 'idempotency-key': 'one' })
  const [one, two] = [await call(), await call()]
  t.equal(one.statusCode, 200)
  t.strictSame(two.json(), one.json())
  t.equal(two.headers['idempotency-replayed'], 'true')
  const [row] = await app.db.sql`select count(*)::int as n from messages`
  t.equal(row?.n, 2)
})

t.test('messages of a conversation are answered, also in a room that is silent otherwise', async (t) => {
  const { app, ada } = await world(t)
  const room = async (assistant: string) =>
    (await ada.post('/api/conversations', { title: 'room', assistant })).json<{ id: string }>().id
  const silent = await room('off')
  await ada.post(`/api/conversations/${silent}/messages`, { content: '@assistant plugins?' })
  const asked = (await ada.post('/api/chat', { message: 'plugins?', conversationId: silent })).json<Answer>()
  t.match(asked.message, { status: 'complete' })
  const roles = async (id: string) => {
    const { items } = (await ada.get(`/api/conversations/${id}/messages?order=asc`)).json<{
      items: Answer['message'][]
    }>()
    return items.map((message) => message.role)
  }
  t.strictSame(await roles(silent), ['user', 'user', 'assistant'])
  const auto = await room('auto')
  const sent = (await ada.post(`/api/conversations/${auto}/messages`, { content: 'plugins?' })).json<{ id: string }>()
  const [row] = await app.db.sql`select id from messages where reply_to = ${sent.id}`
  t.match(await ended(ada, row?.id), { role: 'assistant', status: 'complete', replyTo: sent.id })
  t.strictSame(await roles(auto), ['user', 'assistant'])

  const again = await ada.post(`/api/messages/${row?.id}/regenerate`)
  t.equal(again.statusCode, 202)
  t.match(again.json(), { status: 'streaming', replyTo: sent.id })
  t.match(await ended(ada, again.json<{ id: string }>().id), { status: 'complete' })
  const stopped = await ada.post(`/api/messages/${row?.id}/stop`)
  t.equal(stopped.statusCode, 200)
  t.match(stopped.json(), { status: 'complete' }, 'one that has ended stays as it is')
})

t.test('what is refused', async (t) => {
  const { app, ada } = await world(t)
  const eve = await person(app, 'eve')
  const { conversationId, message } = (await ada.post('/api/chat', { message: 'plugins?' })).json<Answer>()
  const [row] = await app.db.sql`select id from messages where role = 'user'`
  const rows: [string, Person, string, object | undefined, number, string?][] = [
    ['nothing asked', ada, '/api/chat', {}, 400],
    ['an empty question', ada, '/api/chat', { message: '' }, 400],
    ['NUL', ada, '/api/chat', { message: 'a\u0000b' }, 400],
    ['too long', ada, '/api/chat', { message: 'x'.repeat(16_001) }, 400],
    ['an unknown property', ada, '/api/chat', { message: 'x', role: 'admin' }, 400],
    ['a conversation that is none', ada, '/api/chat', { message: 'x', conversationId: 'x' }, 400],
    ['an unknown conversation', ada, '/api/chat', { message: 'x', conversationId: newId() }, 404],
    ['a foreign conversation', eve, '/api/chat', { message: 'x', conversationId }, 404],
    ['a foreign workspace', eve, '/api/chat', { message: 'x', workspaceId: newId() }, 404],
    ['an unknown upload', ada, '/api/chat', { message: 'x', uploadIds: [newId()] }, 404],
    ['an upload that fits not', ada, '/api/chat', { message: 'x', conversationId, uploadIds: [newId()] }, 422],
    ['stopping for others', eve, `/api/messages/${message.id}/stop`, undefined, 404],
    ['stopping what is unknown', ada, `/api/messages/${newId()}/stop`, undefined, 404],
    ['stopping what is no id', ada, '/api/messages/x/stop', undefined, 400],
    ['stopping a person', ada, `/api/messages/${row?.id}/stop`, undefined, 404],
    ['repeating for others', eve, `/api/messages/${message.id}/regenerate`, undefined, 404],
    ['repeating a person', ada, `/api/messages/${row?.id}/regenerate`, undefined, 404],
  ]
  for (const [name, who, url, body, status] of rows) {
    const answer = await who.post(url, body)
    t.equal(answer.statusCode, status, `${name}: ${answer.body.slice(0, 100)}`)
    t.match(answer.headers['content-type'], /problem\+json/, name)
  }
  t.equal((await app.inject({ method: 'POST', url: '/api/chat', payload: { message: 'x' } })).statusCode, 401)
  const refused = await stream(app, ada, { message: 'x', conversationId: newId() })
  t.equal(refused.response.status, 404, 'a stream is refused before it begins')
})

t.test('jobs over HTTP', async (t) => {
  const { app, ada } = await world(t)
  const eve = await person(app, 'eve')
  const { job, message } = (
    await ada.post('/api/chat', { message: 'plugins?' }, { prefer: 'respond-async' })
  ).json<Answer>()
  await ended(ada, message.id)
  for (;;) if ((await ada.get(`/api/jobs/${job.id}`)).json<Answer['job']>().state === 'completed') break
  const list = (await ada.get('/api/jobs?state=completed&name=reply.generate&limit=5')).json<{
    items: Answer['job'][]
  }>()
  t.match(list.items, [{ id: job.id, state: 'completed' }])
  t.strictSame((await eve.get('/api/jobs')).json(), { items: [], nextCursor: null })
  const rows: [string, Person, 'get' | 'post', string, number][] = [
    ['a foreign job', eve, 'get', `/api/jobs/${job.id}`, 404],
    ['no id', ada, 'get', '/api/jobs/x', 400],
    ['an unknown state', ada, 'get', '/api/jobs?state=lost', 400],
    ['a forged cursor', ada, 'get', '/api/jobs?cursor=x', 400],
    ['a foreign workspace', eve, 'get', `/api/jobs?workspaceId=${newId()}`, 404],
    ['cancelling what is over', ada, 'post', `/api/jobs/${job.id}/cancel`, 409],
    ['retrying what went well', ada, 'post', `/api/jobs/${job.id}/retry`, 409],
    ['cancelling for others', eve, 'post', `/api/jobs/${job.id}/cancel`, 404],
    ['retrying for others', eve, 'post', `/api/jobs/${job.id}/retry`, 404],
    ['cancelling what is unknown', ada, 'post', `/api/jobs/${newId()}/cancel`, 404],
  ]
  for (const [name, who, method, url, status] of rows) t.equal((await who[method](url)).statusCode, status, name)
  await app.db.sql`update jobs set state = 'failed', error = '{"code":"INTERNAL","message":"x"}' where id = ${job.id}`
  const retried = await ada.post(`/api/jobs/${job.id}/retry`)
  t.match(retried.json(), { id: job.id, state: 'queued', progress: 0 })
  t.equal(retried.statusCode, 200)
  for (;;) if ((await ada.get(`/api/jobs/${job.id}`)).json<Answer['job']>().state === 'completed') break
  const health = (await app.inject('/health')).json<{ checks: Record<string, { status: string }> }>()
  t.match(health.checks.queue, { status: 'ok' })
  t.match((await app.inject('/metrics')).body, /parley_jobs\{state="queued"\} 0/)
  t.match((await app.inject('/metrics')).body, /parley_cache_operations\{backend="memory",what="hits"\}/)
})
