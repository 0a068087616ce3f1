import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { createParley, type Message, memoryStore, type Parley, type TopicEvent } from '../../sdk/index.ts'
import { testApp } from '../helpers/app.ts'

async function world(t: Test) {
  const app = await testApp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const person = async (name: string) => {
    const parley = createParley({ url, WebSocket })
    t.teardown(parley.close)
    await parley.auth.register({
      name,
      email: `${name}-${crypto.randomUUID()}@example.org`,
      password: 'long enough to keep',
    })
    return { parley, user: await parley.auth.me() }
  }
  return { person }
}

/** Another client of the same user. */
async function clone(t: Test, parley: Parley): Promise<Parley> {
  const tokens = parley.session.current()
  const other = createParley({ url: parley.http.url('/'), WebSocket, store: memoryStore(tokens) })
  t.teardown(other.close)
  return other
}

/** The next event of that name on a conversation. */
function next(parley: Parley, id: string, name: string): Promise<TopicEvent<Message>> {
  const topic = parley.socket.subscribe(`conversation:${id}`)
  return new Promise((resolve) =>
    topic.on('event', (event) => {
      if (event.name !== name) return
      topic.close()
      resolve(event as TopicEvent<Message>)
    }),
  )
}

t.test('two people write, edit and delete; a lost connection loses nothing', async (t) => {
  const { person } = await world(t)
  const [ada, grace] = [await person('ada'), await person('grace')]
  const { id } = await ada.parley.conversations.create({ title: 'Compilers', assistant: 'off' })
  t.match(await ada.parley.conversations.addMember(id, { email: grace.user.email }), { userId: grace.user.id })

  const room = grace.parley.socket.subscribe(`conversation:${id}`)
  const seen: [number, string][] = []
  room.on('event', ({ seq, name }) => seen.push([seq, name]))
  const { seq: start } = await room.ready
  const deleted = next(grace.parley, id, 'message.deleted')

  const first = await ada.parley.socket.chat({ conversationId: id, content: 'one', clientId: 'c-1' })
  const again = await ada.parley.socket.chat({ conversationId: id, content: 'one', clientId: 'c-1' })
  t.equal(again.message.id, first.message.id, 'the same clientId is the same message')
  t.notOk(first.reply, 'the assistant is off')
  grace.parley.socket.reconnect()
  const while_away = await ada.parley.socket.chat({ conversationId: id, content: 'two' })
  await ada.parley.socket.edit(while_away.message.id, 'two, edited')
  const typed = grace.parley.socket.chat({ conversationId: id, content: 'written offline' })
  await ada.parley.socket.delete(first.message.id)
  await deleted
  t.match((await typed).message, { content: 'written offline', authorId: grace.user.id })
  const last = seen.at(-1)?.[0] ?? 0
  t.same(
    seen.map(([seq]) => seq),
    Array.from({ length: last - start }, (_, index) => start + 1 + index),
    'every number once, in order',
  )
  t.same(
    seen
      .map(([, name]) => name)
      .filter((name) => name !== 'message.created')
      .sort(),
    ['message.deleted', 'message.updated'],
  )

  await grace.parley.socket.read(id, last)
  const { items } = await grace.parley.conversations.messages(id, { order: 'asc' })
  t.same(items.map(({ content }) => content).sort(), ['', 'two, edited', 'written offline'])
  const all = []
  for await (const conversation of grace.parley.conversations.all()) all.push(conversation.id)
  t.same(all, [id])
})

t.test('a client that was away resumes from the position it kept', async (t) => {
  const { person } = await world(t)
  const { parley } = await person('ada')
  const { id } = await parley.conversations.create({ assistant: 'off' })
  const room = parley.socket.subscribe(`conversation:${id}`)
  const position = await room.ready
  room.close()
  for (const content of ['a', 'b', 'c']) await parley.conversations.post(id, { content })
  const later = parley.socket.subscribe(`conversation:${id}`, { since: position })
  const got: string[] = []
  for await (const { data } of later) {
    got.push((data as Message).content)
    if (got.length === 3) break
  }
  t.same(got, ['a', 'b', 'c'])
})

t.test('a page and its stream fit together, whatever is written meanwhile', async (t) => {
  const { person } = await world(t)
  const { parley } = await person('ada')
  const { id } = await parley.conversations.create({ assistant: 'off' })
  const COUNT = 120
  let sent = 0
  const writing = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (sent < COUNT) {
        sent += 1
        await parley.socket.chat({ conversationId: id, content: `${sent}` })
      }
    }),
  )
  const readers = await Promise.all(
    Array.from({ length: 6 }, async (_, index) => {
      // Each begins at another moment of the writing.
      await parley.conversations.post(id, { content: `reader ${index}` })
      const other = await clone(t, parley)
      const room = other.socket.subscribe(`conversation:${id}`)
      const events: number[] = []
      room.on('event', ({ seq }) => events.push(seq))
      const { seq: from } = await room.ready
      const page: number[] = []
      for (let cursor: string | undefined; ; ) {
        const { items, nextCursor } = await other.conversations.messages(id, { limit: 100, order: 'asc', cursor })
        page.push(...items.map(({ seq }) => seq))
        if (nextCursor === null) break
        cursor = nextCursor
      }
      return { room, events, from, page }
    }),
  )
  await writing
  const all = Array.from({ length: COUNT + readers.length }, (_, index) => index + 1)
  for (const { room, events, from, page } of readers) {
    if ((room.position?.seq ?? 0) < all.length)
      await new Promise<void>((resolve) => room.on('event', ({ seq }) => seq === all.length && resolve()))
    t.same(events, all.slice(from), `everything behind ${from}, once, in order`)
    t.same(page.slice(0, from), all.slice(0, from), 'and everything up to it is in the page')
  }
})

t.test('commands that are refused, foreign topics, tokens renewed on a living connection', async (t) => {
  const { person } = await world(t)
  const [ada, eve] = [await person('ada'), await person('eve')]
  const { id } = await ada.parley.conversations.create({ assistant: 'off' })
  await t.rejects(eve.parley.socket.chat({ conversationId: id, content: 'hello?' }), { code: 'NOT_FOUND' })
  await t.rejects(eve.parley.socket.subscribe(`conversation:${id}`).ready, { code: 'NOT_FOUND' })
  await t.rejects(eve.parley.socket.command({ type: 'no-such-frame' }), { name: 'ParleyError' })
  await t.rejects(ada.parley.socket.chat({ conversationId: id, content: '' }), { code: 'VALIDATION_FAILED' })

  const states: string[] = []
  ada.parley.socket.on('state', ({ state }) => states.push(state))
  await ada.parley.session.renew()
  await ada.parley.socket.echo({ still: 'here' })
  t.same(states, [], 'the connection stayed')

  const { value, etag } = await ada.parley.conversations.get(id)
  const renamed = await ada.parley.conversations.update(id, etag as string, { title: `${value.title}!` })
  t.match(renamed.value, { title: `${value.title}!` })
  await t.rejects(ada.parley.conversations.update(id, etag as string, { title: 'late' }), {
    code: 'PRECONDITION_FAILED',
    status: 412,
  })

  const gone = ada.parley.socket.echo('before the end')
  await gone
  await ada.parley.auth.logoutAll()
  await t.rejects(ada.parley.socket.echo(1), { code: 'NOT_SIGNED_IN' })
})

t.test('files: streamed up with progress, read back in ranges, linked and deleted', async (t) => {
  const { person } = await world(t)
  const { parley } = await person('ada')
  const progress: number[] = []
  const data = new Blob(['export const answer = 42\n'.repeat(20_000)])
  const upload = await parley.uploads.create(
    { name: 'answer.ts', data },
    { onProgress: ({ sent, total }) => progress.push(sent / total) },
  )
  t.match(upload, { name: 'answer.ts', size: data.size, kind: 'code' })
  t.equal(progress.at(-1), 1)
  t.ok(progress.length > 1, 'told more than once')
  t.equal(await (await parley.uploads.content(upload.id, { range: 'bytes=0-5' })).text(), 'export')
  const { url } = await parley.uploads.link(upload.id)
  t.equal((await fetch(new URL(url, parley.http.url('/')))).status, 200, 'the link needs no token')
  await parley.uploads.delete(upload.id)
  await t.rejects(parley.uploads.get(upload.id), { code: 'NOT_FOUND', status: 404 })
  t.same((await parley.uploads.list()).items, [])
})
