import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { fitted, inputTokensOf, MAX_OUTPUT_TOKENS, tokensOf } from '../../src/assistant/allowance.ts'
import type { Message } from '../../src/contracts/messages.ts'
import type { Model, ModelRequest } from '../../src/contracts/model.ts'
import type { Usage } from '../../src/usage/model.ts'
import { type Person, person, testApp } from '../helpers/app.ts'
import { assistantWorld } from './world.ts'

const usage = async (who: Person) => (await who.get('/api/usage')).json<Usage>().assistantTokens
const rowsOf = (app: Pick<FastifyInstance, 'db'>, userId: string) =>
  app.db.sql<{ used: number; reserved: number; held: number }[]>`
    select used, reserved, (select coalesce(sum(tokens), 0)::int8 from assistant_reservations r where r.user_id = u.user_id) as held
    from assistant_usage u where user_id = ${userId}`

t.test('twenty questions at once never use more tokens than there are', async (t) => {
  // With nothing to spare: three have place at a time, and what they read beyond the question has to be left out.
  const limit = 3 * (MAX_OUTPUT_TOKENS + tokensOf('Where is it?'))
  const app = await testApp(t, { env: { ASSISTANT_MONTHLY_TOKENS: String(limit), DATABASE_POOL: '10' } })
  const ada = await person(app)
  await app.db.sql.unsafe(`alter table assistant_usage add constraint never_more check (used + reserved <= ${limit})`)
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ada.post('/api/chat', { message: 'Where is it?' })),
  )
  let complete = 0
  for (const answer of answers) {
    if (answer.statusCode === 429) {
      t.match(answer.json(), { code: 'ASSISTANT_QUOTA_EXCEEDED' })
      t.ok(Number(answer.headers['retry-after']) > 0)
      continue
    }
    t.match(answer.json(), { message: { status: 'complete' } }, 'whatever was taken is answered')
    complete += 1
  }
  const [stored] = await app.db.sql<{ questions: number; rooms: number }[]>`
    select (select count(*)::int from messages where role = 'user') as questions, (select count(*)::int from conversations) as rooms`
  t.same(stored, { questions: complete, rooms: complete }, 'and of what was refused nothing is stored')
  t.ok(complete >= 1, `${complete} answered`)
  const [row] = await rowsOf(app, ada.id)
  t.match(row, { reserved: 0, held: 0 }, 'nothing stays reserved')
  t.ok(row && row.used > 0 && row.used <= limit, 'what was used is counted')
  t.match(await usage(ada), { used: row?.used, limit })
})

t.test('a month that is used up: told everywhere, and nothing of what people write is lost', async (t) => {
  const limit = 10_000
  const app = await testApp(t, { env: { ASSISTANT_MONTHLY_TOKENS: String(limit) } })
  const ada = await person(app)
  const first = (await ada.post('/api/chat', { message: 'Hello?' })).json<{
    conversationId: string
    message: Message
  }>()
  t.equal(first.message.status, 'complete')
  const [before] = await rowsOf(app, ada.id)
  t.ok(before && before.used > 0 && before.used < 500, 'it costs what was read and written, not what was reserved')

  await app.db.sql`update assistant_usage set used = ${limit - 100}`
  for (const answer of [
    await ada.post('/api/chat', { message: 'And now?' }),
    await ada.post('/api/chat', { message: 'And now?' }, { accept: 'text/event-stream' }),
    await ada.post(`/api/messages/${first.message.id}/regenerate`),
  ]) {
    t.match(answer.json(), { status: 429, code: 'ASSISTANT_QUOTA_EXCEEDED' })
    t.ok(Number(answer.headers['retry-after']) > 0)
  }
  const url = `/api/conversations/${first.conversationId}/messages`
  t.equal((await ada.post(url, { content: 'I write on' })).statusCode, 201, 'people write on')
  let last: Message | undefined
  while (last?.role !== 'assistant' || last.status === 'streaming')
    last = (await ada.get(`${url}?order=desc&limit=1`)).json<{ items: Message[] }>().items[0]
  t.match(last, { status: 'failed', content: /next month begins at/ }, 'and are told why nobody answers')

  await app.db.sql`update users set tier = 'premium' where id = ${ada.id}`
  await app.sessions.forget(ada.id)
  t.match(await usage(ada), { limit: 10 * limit })
  t.match((await ada.post('/api/chat', { message: 'Hello?' })).json(), { message: { status: 'complete' } }, 'more tier')
  await app.db.sql`update users set tier = 'free' where id = ${ada.id}`
  await app.sessions.forget(ada.id)
  t.equal((await ada.post('/api/chat', { message: 'Hello?' })).statusCode, 429)
  await app.db.sql`update assistant_usage set month = month - interval '1 month'`
  t.match(
    (await ada.post('/api/chat', { message: 'Hello?' })).json(),
    { message: { status: 'complete' } },
    'next month',
  )
  const eve = await person(app, 'eve')
  t.match(await usage(eve), { used: 0 }, 'everybody has their own')
})

t.test(
  'what a model says that it has used counts, failed attempts too; what is left behind is given back',
  async (t) => {
    let runs = 0
    const model: Model = {
      name: 'counting',
      metered: true,
      async *reply({ question, maxOutputTokens }, signal) {
        runs += 1
        t.equal(maxOutputTokens, MAX_OUTPUT_TOKENS)
        yield { type: 'delta', text: 'a word' }
        yield { type: 'usage', inputTokens: 70, outputTokens: 30 }
        if (question === 'shaky' && runs < 3) throw new Error('provider is away')
        if (question === 'long') await new Promise((_, reject) => signal.addEventListener('abort', reject))
      },
    }
    const world = await assistantWorld(t, [{ model, monthlyTokens: 100_000 }])
    await world.ask('shaky')
    t.match(await rowsOf(world, world.ada.userId), [{ used: 300, reserved: 0, held: 0 }], 'three attempts')

    const long = await world.say('long', { mode: 'always' })
    while (!world.frames.some(({ messageId }) => messageId === long.replyId))
      await new Promise((resolve) => setTimeout(resolve, 10))
    const [during] = await rowsOf(world, world.ada.userId)
    t.ok(
      during && during.reserved > MAX_OUTPUT_TOKENS && during.reserved === during.held,
      'reserved while it is written',
    )
    await world.first.assistant.stop(world.ada, long.replyId as string)
    t.match(await rowsOf(world, world.ada.userId), [{ used: 400, reserved: 0, held: 0 }], 'a stopped reply is settled')

    await world.db.sql`
    insert into assistant_reservations (message_id, user_id, month, tokens, created_at)
    select gen_random_uuid(), user_id, month, 5000, now() - interval '1 hour' from assistant_usage`
    await world.db.sql`update assistant_usage set reserved = 5000`
    await world.first.assistant.sweep()
    t.match(await rowsOf(world, world.ada.userId), [{ used: 400, reserved: 0, held: 0 }], 'a message that is gone')
    t.same(world.errors, [])
  },
)

t.test('a request is made to fit what there is: the oldest turns go first, then the worst passages', async (t) => {
  const turn = (content: string) => ({ role: 'user' as const, content })
  const passage = (text: string) => ({ text }) as ModelRequest['passages'][0]
  const request: ModelRequest = {
    question: 'q'.repeat(30),
    history: [turn('o'.repeat(3000)), turn('n'.repeat(3000))],
    passages: [passage('b'.repeat(3000)), passage('w'.repeat(3000))],
    searched: { files: 2, uploads: 1 },
    maxOutputTokens: MAX_OUTPUT_TOKENS,
  }
  t.same(fitted(request, 100_000), request, 'nothing where there is enough')
  const rows: [tokens: number, history: string, passages: string, output: number][] = [
    [4010 + 2000, 'on', 'bw', 2000],
    [4010 + 1000, 'n', 'bw', 2000],
    [3010 + 1000, '', 'bw', 2000],
    [2010 + 1000, '', 'b', 2000],
    [10 + 1024, '', '', 1024],
    [12, '', '', 2],
  ]
  for (const [tokens, history, passages, output] of rows) {
    const fit = fitted(request, tokens)
    t.equal(fit.history.map(({ content }) => content[0]).join(''), history, `${tokens} tokens`)
    t.equal(fit.passages.map(({ text }) => text[0]).join(''), passages, `${tokens} tokens`)
    t.equal(fit.maxOutputTokens, output, `${tokens} tokens`)
    t.ok(inputTokensOf(fit) + fit.maxOutputTokens <= tokens)
  }
})

t.test('an admission that came to nothing is given back', async (t) => {
  const limit = MAX_OUTPUT_TOKENS + 100
  const app = await testApp(t, { env: { ASSISTANT_MONTHLY_TOKENS: String(limit) } })
  const [ada, eve] = [await person(app), await person(app, 'eve')]
  const hers = (await eve.post('/api/conversations', {})).json<{ id: string }>().id
  const refused = await ada.post('/api/chat', { message: 'x', conversationId: hers })
  t.equal(refused.statusCode, 404)
  t.match(await rowsOf(app, ada.id), [{ used: 0, reserved: 0, held: 0 }])
  t.match((await ada.post('/api/chat', { message: 'Hello?' })).json(), { message: { status: 'complete' } })
})

t.test('where nothing is limited it is counted all the same', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  await ada.post('/api/chat', { message: 'Hello?' })
  const [row] = await rowsOf(app, ada.id)
  t.match(row, { reserved: 0, held: 0 })
  t.ok(row && row.used > 0)
  t.match(await usage(ada), { used: row?.used, limit: null })
})
