import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { normalEmoji } from '../../src/lib/emoji.ts'
import { calledNames } from '../../src/messages/mentions.ts'
import { caller, type Person, person, testApp } from '../helpers/app.ts'
import { type Frame, openSocket, type SocketClient } from '../helpers/socket-client.ts'

interface Message {
  id: string
  seq: number
  content: string
  threadId?: string
  replyCount?: number
  mentions?: string[]
  reactions?: { emoji: string; count: number }[]
}
type Reply = Awaited<ReturnType<Person['get']>>

const nowhere = '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'

/** A workspace with everybody in it, a conversation in which the assistant keeps still, and sockets to it. */
async function world(t: Test) {
  const app = await testApp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const [owner, member, viewer, guest, outsider] = (await Promise.all(
    ['owner', 'member', 'viewer', 'guest', 'outsider'].map((name) => person(app, name)),
  )) as [Person, Person, Person, Person, Person]
  const workspace = (await owner.post('/api/workspaces', { name: 'Team' })).json<{ id: string }>()
  await owner.post(`/api/workspaces/${workspace.id}/members`, { userId: member.id, role: 'member' })
  await owner.post(`/api/workspaces/${workspace.id}/members`, { userId: viewer.id, role: 'viewer' })
  const made = await owner.post('/api/conversations', { workspaceId: workspace.id, assistant: 'off' })
  const url = made.headers.location as string
  await owner.post(`${url}/members`, { userId: guest.id })
  const id = url.split('/').at(-1) as string
  const open = async (who: Person, topic?: string): Promise<SocketClient> => {
    const client = await openSocket(`ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/ws`, {
      token: who.token,
    })
    t.teardown(() => client.socket.terminate())
    if (topic) await client.ask({ type: 'subscribe', topic })
    return client
  }
  const say = async (as: Person, content: string, more: object = {}): Promise<Message> => {
    const answer = await as.post(`${url}/messages`, { content, ...more })
    if (answer.statusCode !== 201) throw new Error(answer.body)
    return answer.json<Message>()
  }
  return {
    app,
    owner,
    member,
    viewer,
    guest,
    outsider,
    nobody: caller(app),
    url,
    id,
    topic: `conversation:${id}`,
    open,
    say,
  }
}

t.test('reactions: the same on both surfaces', async (t) => {
  const { owner, member, viewer, guest, outsider, nobody, say, open, topic } = await world(t)
  const message = await say(owner, 'shall we?')
  const gone = await say(owner, 'no')
  await owner.delete(`/api/messages/${gone.id}`)
  const at = (id: string) => `/api/messages/${id}/reactions`
  const add = (as: Pick<Person, 'post'>, emoji: unknown = '👍', id = message.id) => as.post(at(id), { emoji })
  const sockets = { owner: await open(owner, topic), viewer: await open(viewer), outsider: await open(outsider) }

  const rows: [name: string, call: () => Promise<Reply>, status: number, frame?: [SocketClient, object]][] = [
    ['add', () => add(owner), 201],
    ['add again', () => add(owner), 200],
    ['by another', () => add(guest), 201],
    ['another emoji', () => add(member, '🎉'), 201],
    ['as nobody', () => add(nobody), 401],
    ['as a viewer', () => add(viewer), 403, [sockets.viewer, { messageId: message.id, emoji: '👍' }]],
    ['as an outsider', () => add(outsider), 404, [sockets.outsider, { messageId: message.id, emoji: '👍' }]],
    ['to nothing', () => add(owner, '👍', nowhere), 404, [sockets.owner, { messageId: nowhere, emoji: '👍' }]],
    ['with a word', () => add(owner, 'yes'), 422, [sockets.owner, { messageId: message.id, emoji: 'yes' }]],
    ['with two emojis', () => add(owner, '👍👍'), 422, [sockets.owner, { messageId: message.id, emoji: '👍👍' }]],
    ['with nothing', () => add(owner, ''), 400, [sockets.owner, { messageId: message.id, emoji: '' }]],
    [
      'to a deleted message',
      () => add(owner, '👍', gone.id),
      409,
      [sockets.owner, { messageId: gone.id, emoji: '👍' }],
    ],
    ['list', () => guest.get(`${at(message.id)}?limit=2`), 200],
    ['list as nobody', () => nobody.get(at(message.id)), 401],
    ['list as an outsider', () => outsider.get(at(message.id)), 404],
    ['list with a bad cursor', () => owner.get(`${at(message.id)}?cursor=x`), 400],
    ['take another back', () => member.delete(`${at(message.id)}/${encodeURIComponent('🎉')}`), 200],
    ['take back what is not there', () => member.delete(`${at(message.id)}/${encodeURIComponent('🎉')}`), 200],
    ['take back as nobody', () => nobody.delete(`${at(message.id)}/x`), 401],
    ['take back as a viewer', () => viewer.delete(`${at(message.id)}/x`), 403],
    ['take back as an outsider', () => outsider.delete(`${at(message.id)}/x`), 404],
    ['take back a word', () => owner.delete(`${at(message.id)}/x`), 422],
    ['take back from a bad id', () => owner.delete('/api/messages/x/reactions/x'), 400],
    ['take back from a deleted message', () => owner.delete(`${at(gone.id)}/${encodeURIComponent('👍')}`), 409],
  ]
  for (const [name, call, status, frame] of rows) {
    const answer = await call()
    t.equal(answer.statusCode, status, `${name}: ${answer.statusCode === status ? '' : answer.body}`)
    if (!frame) continue
    const [client, fields] = frame
    t.match(
      await client.ask({ type: 'react', ...fields }),
      { type: 'error', code: answer.json<{ code: string }>().code },
      name,
    )
  }
  const { reactions } = (await guest.get(`/api/messages/${message.id}`)).json<Message>()
  t.same(reactions, [{ emoji: '👍', count: 2 }], 'counted on the message')
  const listed = (await guest.get(at(message.id))).json<{ items: { userId: string; name: string; emoji: string }[] }>()
  t.same(
    listed.items.map(({ userId }) => userId),
    [owner.id, guest.id],
  )
  t.match(listed.items[0], { emoji: '👍', name: 'owner', messageId: message.id })

  t.match(await sockets.owner.ask({ type: 'react', messageId: message.id, emoji: '❤' }), {
    type: 'ack',
    reactions: [{ emoji: '👍' }, { emoji: '❤️', count: 1 }],
  })
  t.match(await sockets.owner.ask({ type: 'react', messageId: message.id, emoji: '❤️', active: false }), {
    reactions: [{ emoji: '👍', count: 2 }],
  })
  const told = sockets.owner.frames.filter((frame) => /^reaction/.test(String(frame.name)))
  t.same(
    told.map(({ name, data }) => [name, (data as { emoji: string }).emoji]),
    [
      ['reaction.added', '👍'],
      ['reaction.added', '👍'],
      ['reaction.added', '🎉'],
      ['reaction.removed', '🎉'],
      ['reaction.added', '❤️'],
      ['reaction.removed', '❤️'],
    ],
    'each change once, repetitions not at all',
  )
})

t.test('reactions keep their bounds when many react at once', async (t) => {
  const { app, owner, member, guest, say } = await world(t)
  const message = await say(owner, 'all of them')
  const emojis = [...'😀😁😂😃😄😅😆😇😈😉😊😋😌😍😎😏😐😑😒😓😔😕']
  const answers = await Promise.all(
    [owner, member, guest].flatMap((who) =>
      emojis.map((emoji) => who.post(`/api/messages/${message.id}/reactions`, { emoji })),
    ),
  )
  t.ok(answers.every(({ statusCode }) => statusCode === 201 || statusCode === 422))
  const { reactions = [] } = (await owner.get(`/api/messages/${message.id}`)).json<Message>()
  t.equal(reactions.length, 20, 'at most twenty different ones')
  const rows = await app.db.sql<{ emoji: string; count: number }[]>`
    select emoji, count(*)::int from message_reactions where message_id = ${message.id} group by emoji`
  const sorted = (list: readonly { emoji: string; count: number }[]) =>
    list.map(({ emoji, count }) => `${emoji}${count}`).sort()
  t.same(sorted(reactions), sorted(rows), 'what is counted is what is there')
  for (const [text, wanted] of [
    ['👍', '👍'],
    ['👍🏽', '👍🏽'],
    ['❤', '❤️'],
    ['👩‍💻', '👩‍💻'],
    ['🏳️‍🌈', '🏳️‍🌈'],
    ['1', undefined],
    ['a', undefined],
    ['👍!', undefined],
    ['<b>', undefined],
  ] as const)
    t.equal(normalEmoji(text), wanted, text)
})

t.test('threads: whatever answers an answer stands below the first message', async (t) => {
  const { app, owner, member, guest, outsider, nobody, viewer, say, url } = await world(t)
  const root = await say(owner, 'root')
  t.same([root.threadId, root.replyCount], [undefined, undefined])
  const first = await say(member, 'first', { replyTo: root.id })
  const second = await say(guest, 'second', { replyTo: first.id })
  await say(owner, 'beside')
  t.same([first.threadId, second.threadId], [root.id, root.id])
  const seen = async (as: Pick<Person, 'get'>, path: string) => {
    const answer = await as.get(path)
    return answer.statusCode === 200
      ? answer.json<{ items: Message[] }>().items.map(({ content }) => content)
      : answer.statusCode
  }
  const etag = (await owner.get(`/api/messages/${root.id}`)).headers.etag as string
  const rows: [name: string, wanted: unknown, got: () => Promise<unknown>][] = [
    ['of the root', ['first', 'second'], () => seen(viewer, `/api/messages/${root.id}/replies`)],
    ['of one of its replies', ['first', 'second'], () => seen(guest, `/api/messages/${second.id}/replies`)],
    ['newest first', ['second'], () => seen(owner, `/api/messages/${root.id}/replies?order=desc&limit=1`)],
    ['as an outsider', 404, () => seen(outsider, `/api/messages/${root.id}/replies`)],
    ['as nobody', 401, () => seen(nobody, `/api/messages/${root.id}/replies`)],
    ['of nothing', 404, () => seen(owner, `/api/messages/${nowhere}/replies`)],
    ['with a bad cursor', 400, () => seen(owner, `/api/messages/${root.id}/replies?cursor=x`)],
    ['the count', 2, async () => (await owner.get(`/api/messages/${root.id}`)).json<Message>().replyCount],
  ]
  for (const [name, wanted, got] of rows) t.same(await got(), wanted, name)
  const page = (await owner.get(`/api/messages/${root.id}/replies?limit=1`)).json<{
    items: Message[]
    nextCursor: string
  }>()
  t.same(await seen(owner, `/api/messages/${root.id}/replies?limit=1&cursor=${page.nextCursor}`), ['second'])

  await member.delete(`/api/messages/${first.id}`)
  const after = await owner.get(`/api/messages/${root.id}`)
  t.equal(after.json<Message>().replyCount, 1, 'a tombstone does not count')
  t.not(after.headers.etag, etag, 'another count is another record')
  const edit = await owner.patch(`/api/messages/${root.id}`, { content: 'Root' }, { 'if-match': etag })
  t.equal(edit.statusCode, 200, 'but answers of others keep nobody from editing')
  t.equal(edit.json<Message>().replyCount, 1)
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => say(n % 2 ? owner : guest, `${n}`, { replyTo: n % 3 ? root.id : second.id })),
  )
  const listed = (await owner.get(`${url}/messages?order=asc&limit=100`)).json<{ items: Message[] }>().items
  t.equal(listed.find(({ id }) => id === root.id)?.replyCount, 21)
  const [row] = await app.db.sql<{ count: number }[]>`
    select count(*)::int from messages where thread_id = ${root.id} and deleted_at is null`
  t.equal(row?.count, 21)
})

t.test('mentions: those who can read the conversation, and nobody else', async (t) => {
  const { owner, member, viewer, guest, outsider, say, open, url, id } = await world(t)
  const told = {
    member: await open(member, `user:${member.id}`),
    outsider: await open(outsider, `user:${outsider.id}`),
  }
  const by = async (content: string, mentions?: string[]) =>
    (await say(owner, content, mentions && { mentions })).mentions?.toSorted()
  const rows: [content: string, mentions: string[] | undefined, wanted: Person[] | undefined][] = [
    ['@member, look', undefined, [member]],
    ['(@Guest) and @VIEWER.', undefined, [guest, viewer]],
    ['@outsider is not here, @nobody is nobody, @assistant is no person', undefined, undefined],
    ['mail@member is an address', undefined, undefined],
    ['by id', [viewer.id], [viewer]],
    ['by id and @guest', [viewer.id], [viewer, guest]],
    ['note to @owner myself', undefined, [owner]],
  ]
  for (const [content, mentions, wanted] of rows)
    t.same(await by(content, mentions), wanted?.map((who) => who.id).sort(), content)
  const refused = await owner.post(`${url}/messages`, { content: 'x', mentions: [outsider.id] })
  t.equal(refused.statusCode, 422)
  const socket = await open(owner)
  t.match(
    await socket.ask({ type: 'chat', conversationId: id, content: 'x', clientId: 'm', mentions: [outsider.id] }),
    { type: 'error', code: refused.json<{ code: string }>().code },
    'over the socket too',
  )
  const edited = await say(owner, '@member first')
  t.match((await owner.patch(`/api/messages/${edited.id}`, { content: '@guest and @member' })).json<Message>(), {
    mentions: [member.id, guest.id].sort(),
  })
  const last = await say(owner, '@member last')
  await told.member.find(
    (frame) => frame.name === 'message.mentioned' && (frame.data as { messageId: string }).messageId === last.id,
  )
  const heard = told.member.frames.filter((frame) => frame.name === 'message.mentioned') as Frame[]
  t.equal(heard.length, 3, 'each message tells once; an edit tells only whom it adds')
  t.strictSame(heard.at(-1)?.data, {
    conversationId: id,
    messageId: last.id,
    userId: member.id,
    authorId: owner.id,
  })
  await told.outsider.ask({ type: 'ping' })
  t.same(
    told.outsider.frames.filter((frame) => frame.type === 'event'),
    [],
  )
  t.same(calledNames('@Ada Lovelace wrote'), ['ada', 'ada lovelace', 'ada lovelace wrote'])
})

t.test('what is deleted is nowhere to be read, also not by who comes from long ago', async (t) => {
  const { app, owner, member, guest, say, open, topic } = await world(t)
  const message = await say(owner, 'the secret word is xyzzy @member')
  await owner.patch(`/api/messages/${message.id}`, { content: 'the secret word is plugh' })
  await guest.post(`/api/messages/${message.id}/reactions`, { emoji: '👍' })
  await owner.delete(`/api/messages/${message.id}`)
  const kept = await say(owner, 'kept')
  const client = await open(member)
  const head = await client.ask({ type: 'subscribe', topic })
  const late = await open(guest)
  await late.ask({ type: 'subscribe', topic, since: { epoch: head.epoch as string, seq: 1 } })
  const seqs = await late.upTo(topic, kept.seq)
  t.same(
    seqs,
    Array.from({ length: kept.seq - 1 }, (_, n) => n + 2),
    'no hole',
  )
  const replayed = late.frames.filter((frame) => frame.type === 'event')
  t.notMatch(JSON.stringify(replayed), /xyzzy|plugh/)
  t.match(
    replayed.find((frame) => frame.seq === message.seq),
    {
      name: 'message.created',
      data: { id: message.id, seq: message.seq, content: '', deletedAt: String },
    },
  )
  const rows = await app.db.sql<{ text: string }[]>`
    select data::text as text from events union all select content from messages`
  t.notOk(
    rows.some(({ text }) => /xyzzy|plugh/.test(text)),
    'in no row',
  )
  t.same((await guest.get(`/api/messages/${message.id}`)).json<Message>().reactions, undefined)
})

t.test('reading gives no right to write, and leaving takes no memory away', async (t) => {
  const { owner, viewer, guest, say, url } = await world(t)
  const message = await say(owner, 'hello')
  t.equal((await viewer.post(`${url}/read`, { seq: message.seq })).statusCode, 200)
  t.equal((await viewer.post(`${url}/messages`, { content: 'x' })).statusCode, 403, 'a viewer who has read is a viewer')
  t.match((await viewer.get(url)).json(), { role: null, readSeq: message.seq, unread: 0 })
  await guest.post(`${url}/read`, { seq: message.seq })
  await owner.delete(`${url}/members/${guest.id}`)
  await say(owner, 'meanwhile')
  t.equal((await guest.get(url)).statusCode, 404)
  await owner.post(`${url}/members`, { userId: guest.id })
  t.match((await guest.get(url)).json(), { readSeq: message.seq, unread: 1 })
  const counts = await Promise.all(Array.from({ length: 120 }, (_, n) => say(owner, `${n}`)))
  t.equal(counts.length, 120)
  t.equal((await guest.get(url)).json<{ unread: number }>().unread, 100, '100 means 100 or more')
})
