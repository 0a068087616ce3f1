import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { newId } from '../../src/lib/ids.ts'
import { person, testApp } from '../helpers/app.ts'
import { testDatabase } from '../helpers/database.ts'
import { testRedis } from '../helpers/redis.ts'
import { openSocket } from '../helpers/socket-client.ts'
import { fillPassages } from './world.ts'

/** What instances of one installation share. */
const SECRETS = {
  JWT_SECRET: 'j'.repeat(48),
  COOKIE_SECRET: 'c'.repeat(48),
  ENCRYPTION_KEY: `1:${Buffer.alloc(32, 7).toString('base64')}`,
}

const services: { name: string; env: (t: Test) => Promise<{ REDIS_URL?: string } | undefined> }[] = [
  { name: 'PostgreSQL alone', env: async () => ({}) },
  {
    name: 'PostgreSQL and Redis',
    async env(t) {
      const url = await testRedis(t)
      return url === undefined ? undefined : { REDIS_URL: url }
    },
  },
]

const listen = async (app: FastifyInstance) => {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return `127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

for (const service of services) {
  t.test(`written by a worker, read on two other instances: ${service.name}`, async (t) => {
    const env = await service.env(t)
    if (!env) return
    const databaseUrl = await testDatabase(t)
    const open = (role: string) => testApp(t, { databaseUrl, env: { ...SECRETS, ...env, ROLE: role } })
    const [one, two] = await Promise.all([open('api'), open('api'), open('worker')])
    const ada = await person(one)
    const { items } = (await ada.get('/api/workspaces')).json<{ items: { id: string }[] }>()
    await fillPassages(one.db, { workspaceId: items[0]!.id, uploadId: newId(), folders: ['plugins'] })
    const { id } = (await ada.post('/api/conversations', { title: 'room' })).json<{ id: string }>()
    const hosts = await Promise.all([listen(one), listen(two)])
    const sockets = await Promise.all(hosts.map((host) => openSocket(`ws://${host}/ws`, { token: ada.token })))
    t.teardown(() => Promise.all(sockets.map((socket) => socket.close())))
    const topic = `conversation:${id}`
    for (const socket of sockets) t.match(await socket.ask({ type: 'subscribe', topic }), { type: 'ack' })

    const ack = await sockets[0]!.ask({
      type: 'chat',
      conversationId: id,
      content: 'How do I add a plugin?',
      clientId: 'a',
    })
    const { messageId, jobId } = ack.reply as { messageId: string; jobId: string }
    for (const socket of sockets) {
      const last = await socket.find((frame) => frame.name === 'reply.completed')
      const message = last.data as { id: string; content: string; citations: unknown[] }
      t.match(message, { id: messageId, status: 'complete', content: /To add one/ })
      t.ok(message.citations.length > 0)
      const names = socket.frames.filter((frame) => frame.topic === topic && frame.type === 'event')
      t.strictSame(
        names.map((frame) => [frame.seq, frame.name]),
        [
          [1, 'message.created'],
          [2, 'reply.started'],
          [3, 'reply.completed'],
        ],
      )
      const deltas = () =>
        socket.frames.filter((frame) => frame.type === 'reply_delta' && frame.messageId === messageId)
      // Pieces are told at most once: under load the bus may be renewed and lose some, so they are compared with the whole one by one.
      await socket.find(() => deltas().length > 0)
      const indexes = deltas().map((frame) => frame.index as number)
      t.strictSame(
        indexes,
        [...indexes].sort((x, y) => x - y),
        'in order',
      )
      t.ok(
        deltas().every((frame) => message.content.includes(String(frame.text))),
        'and of this reply',
      )
    }
    const own = await openSocket(`ws://${hosts[1]}/ws`, { token: ada.token })
    t.teardown(() => own.close())
    t.match(await own.ask({ type: 'subscribe', topic: `job:${jobId}`, since: { epoch: 'x', seq: 0 } }), { type: 'ack' })
    t.match(await own.ask({ type: 'stop', messageId }), { type: 'ack', message: { id: messageId, status: 'complete' } })
    t.match(await own.ask({ type: 'stop', messageId: newId() }), { type: 'error', code: 'NOT_FOUND' })

    const response = await fetch(`http://${hosts[1]}/api/chat`, {
      method: 'POST',
      headers: { ...ada.headers, accept: 'text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify({ message: 'How do I add a plugin?' }),
    })
    const text = await response.text()
    const events = [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, event, data = '']) => ({
      event,
      data: JSON.parse(data),
    }))
    t.equal(events.at(-1)?.event, 'message')
    const told = events
      .filter(({ event }) => event === 'reply_delta')
      .map(({ data }) => data.text)
      .join('')
    t.ok(String(events.at(-1)?.data.message.content).startsWith(told), 'what was told is the beginning of the whole')
    t.equal(
      (await ada.get('/health')).json<{ checks: { queue: { backend: string } } }>().checks.queue.backend,
      env.REDIS_URL ? 'bullmq-redis' : 'bullmq-postgres',
    )
  })
}
