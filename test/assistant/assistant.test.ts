import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Model } from '../../src/contracts/model.ts'
import { newId } from '../../src/lib/ids.ts'
import { assistantWorld, fillPassages, ROOT } from './world.ts'

/** Writes words for ever, until stopped; tells how many it has written. */
function slowModel(words: string[] = []) {
  let written = 0
  const waiting: { count: number; resolve: () => void }[] = []
  const model: Model = {
    name: 'slow',
    metered: false,
    async *reply(_request, signal) {
      for (let n = 0; ; n++) {
        signal.throwIfAborted()
        if (words.length > 0 && n === words.length) return
        yield { type: 'delta', text: words[n] ?? `word${n} ` }
        written++
        for (const one of waiting) if (written >= one.count) one.resolve()
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
  }
  const until = (count: number) => new Promise<void>((resolve) => waiting.push({ count, resolve }))
  return { model, until }
}

t.test('answers with quotations that stand where the citations say', async (t) => {
  const world = await assistantWorld(t)
  const uploadId = newId()
  const files = await fillPassages(world.db, {
    ...world,
    uploadId,
    folders: ['src/contracts', 'src/adapters', 'plugins'],
  })
  const rows: { ask: string; path: RegExp; says?: RegExp }[] = [
    { ask: 'How does `createRedisCache` work?', path: /cache\/redis\.ts/, says: /createRedisCache/ },
    { ask: 'createMemoryCache', path: /cache\/memory\.ts/, says: /export async function createMemoryCache/ },
    { ask: 'When is a killed job begun again?', path: /contracts\/queue\.ts/ },
    { ask: 'what does src/contracts/policy.ts say', path: /contracts\/policy\.ts/ },
    { ask: 'How do I add a plugin?', path: /plugins\/README\.md/, says: /To add one/ },
    { ask: 'where is PUBSUB_MAX_BYTES defined', path: /contracts\/pubsub\.ts/, says: /PUBSUB_MAX_BYTES = / },
  ]
  for (const row of rows) {
    const reply = await world.ask(row.ask)
    t.ok(reply.citations.length >= 1 && reply.citations.length <= 4, row.ask)
    t.ok(
      reply.citations.some(({ path }) => row.path.test(path)),
      `${row.ask}: ${reply.citations.map((one) => one.path)}`,
    )
    if (row.says) t.match(reply.content, row.says, row.ask)
    t.match(reply.content, `${files} files`)
    for (const { path, startLine, endLine, quote, uploadId: from } of reply.citations) {
      const lines = readFileSync(join(ROOT, path), 'utf8').split('\n')
      t.equal(quote, lines.slice(startLine - 1, endLine).join('\n'), `${path}:${startLine}-${endLine} stands there`)
      t.equal(from, uploadId)
      t.match(reply.content, `\`${path}\`, line`)
    }
    const deltas = world.frames.filter((frame) => frame.messageId === reply.id)
    t.equal(deltas.map((frame) => frame.text).join(''), reply.content, 'the pieces are the whole')
    t.strictSame(
      deltas.map((frame) => frame.index),
      deltas.map((_, index) => index),
    )
  }
})

t.test('says plainly that it found nothing, and talks small without searching', async (t) => {
  const world = await assistantWorld(t)
  const empty = await world.ask('What is a lock?')
  t.match(empty.content, /no analysed files/)
  await fillPassages(world.db, { ...world, uploadId: newId(), folders: ['plugins'] })
  const rows: [string, RegExp][] = [
    ['What is the capital of France?', /found nothing about "What is the capital of France\?"/],
    ['the of and', /found nothing/],
    [`' & | ! <-> :* \\ ; drop table "x" --`, /found nothing/],
    ['x'.repeat(9_000), /found nothing/],
    ['%', /found nothing/],
    ['hello!', /^Hello\./],
    ['Thanks a lot', /You are welcome/],
    ['@assistant who are you?', /built-in assistant/],
  ]
  for (const [ask, says] of rows) {
    const reply = await world.ask(ask)
    t.match(reply.content, says, ask.slice(0, 40))
    t.strictSame(reply.citations, [])
  }
  t.strictSame(world.errors, [])
})

t.test('prefers what is attached; a guest sees nothing else', async (t) => {
  const world = await assistantWorld(t)
  const [mine, other] = [newId(), newId()]
  await fillPassages(world.db, { ...world, uploadId: other, folders: ['plugins'] })
  await fillPassages(world.db, { ...world, uploadId: mine, folders: ['plugins'] })
  const preferred = await world.ask('How do I add a plugin?', { attachments: [mine] })
  t.equal(preferred.citations[0]?.uploadId, mine)
  await world.db
    .sql`insert into conversation_members (conversation_id, user_id, role) values (${world.conversationId}, ${world.eve.userId}, 'guest')`
  const guest = await world.ask('@assistant How do I add a plugin?', { author: world.eve })
  t.ok(guest.citations.length > 0)
  for (const { uploadId } of guest.citations) t.equal(uploadId, mine)
  await world.db.sql`update messages set attachments = '[]'`
  t.match((await world.ask('How do I add a plugin?', { author: world.eve })).content, /no analysed files/)
  await world.db.sql`delete from conversation_members where user_id = ${world.eve.userId}`
  const { replyId, jobId } = await world.say('How do I add a plugin?', { author: world.eve, mode: 'always' })
  const refused = await world.until(replyId as string, 'failed')
  t.strictSame(refused.citations, [], 'rights are looked at when the job runs')
  for (;;) {
    const job = await world.first.jobs.service.get(world.eve, jobId as string)
    if (job.state === 'active') continue
    t.match(job, { state: 'failed', error: { code: 'NOT_FOUND' } })
    break
  }
})

t.test('who gets a reply', async (t) => {
  const { say } = await assistantWorld(t, [{ workers: false }])
  const rows = [
    { mode: 'off', humanMembers: 1, content: '@assistant hello', reply: false },
    { mode: 'mention', humanMembers: 1, content: 'hello', reply: false },
    { mode: 'auto', humanMembers: 2, content: 'hello all', reply: false },
    { mode: 'auto', humanMembers: 2, content: 'mail me@assistant.example', reply: false },
    { mode: 'auto', humanMembers: 2, content: 'so @Assistant, what is it?', reply: true },
    { mode: 'auto', humanMembers: 1, content: 'joins the one that waits', reply: false },
  ] as const
  for (const { reply, content, ...rest } of rows)
    t.equal((await say(content, rest)).replyId !== undefined, reply, content)
})

t.test('messages that come while a reply waits belong to its question', async (t) => {
  const questions: string[] = []
  const model: Model = {
    name: 'spy',
    metered: false,
    async *reply({ question, history }) {
      questions.push(`${history.length}: ${question}`)
      yield { type: 'delta', text: 'ok' }
    },
  }
  const world = await assistantWorld(t, [{ model, workers: false }])
  const one = await world.say('first')
  const two = await world.say('second')
  t.equal(two.replyId, undefined)
  await world.first.jobs.start({ workers: true })
  await world.until(one.replyId as string, 'complete')
  const again = await world.first.assistant.regenerate(world.ada, one.replyId as string)
  t.match(again, { role: 'assistant', status: 'streaming', replyTo: one.messageId })
  t.ok(again.seq > 3)
  await world.until(again.id, 'complete')
  await world.ask('third')
  t.strictSame(questions, ['0: first\n\nsecond', '0: first', '4: third'])
  t.strictSame(
    (await world.events()).map((event) => event.name),
    [
      'message.created',
      'reply.started',
      'message.created',
      'reply.completed',
      'reply.started',
      'reply.completed',
      'message.created',
      'reply.started',
      'reply.completed',
    ],
  )
})

t.test('stop from another instance keeps what was written; stopping again changes nothing', async (t) => {
  const slow = slowModel()
  const world = await assistantWorld(t, [{ workers: false }, { model: slow.model }])
  const { assistant, jobs } = world.first
  const { replyId = '', jobId = '' } = await world.say('talk')
  await slow.until(5)
  await t.rejects(assistant.regenerate(world.ada, replyId), { code: 'CONFLICT' })
  await t.rejects(assistant.stop(world.eve, replyId), { code: 'NOT_FOUND' })
  await t.rejects(assistant.stop(world.ada, newId()), { code: 'NOT_FOUND' })
  const stopped = await assistant.stop(world.ada, replyId)
  t.match(stopped, { id: replyId, status: 'stopped', content: /^word0 word1 word2 word3/ })
  t.strictSame(await assistant.stop(world.ada, replyId), stopped)
  t.strictSame(
    (await world.events()).map((event) => event.name),
    ['message.created', 'reply.started', 'reply.stopped'],
  )
  for (;;) if ((await jobs.service.get(world.ada, jobId)).state === 'completed') break

  const waiting = await world.say('nobody works on this', {})
  await slow.until(1)
  await jobs.service.cancel(world.ada, waiting.jobId as string)
  t.match(
    await world.until(waiting.replyId as string, 'stopped'),
    { status: 'stopped' },
    'cancelling the job stops the reply',
  )
})

t.test('a reply whose job never runs can be stopped, and one without a job is ended', async (t) => {
  const world = await assistantWorld(t, [{ workers: false }])
  const { replyId = '' } = await world.say('anybody?')
  t.match(await world.first.assistant.stop(world.ada, replyId), { status: 'stopped', content: '' })
  const orphan = await world.say('again')
  await world.db.sql`delete from jobs`
  await world.first.assistant.sweep(0)
  t.match(await world.message(orphan.replyId as string), { status: 'failed', content: /could not write/ })
})

t.test('run twice, killed in the middle, failing: one end each time', async (t) => {
  let runs = 0
  const model: Model = {
    name: 'shaky',
    metered: false,
    async *reply({ question }) {
      runs++
      yield { type: 'delta', text: `try ${runs}` }
      if (question === 'shaky' && runs < 3) throw new Error('provider is away')
      if (question === 'broken') throw new Error('provider is gone')
    },
  }
  const world = await assistantWorld(t, [{ model }])
  const shaky = await world.ask('shaky')
  t.match(shaky, { content: 'try 3', version: 2 })
  const starts = world.frames.filter((frame) => frame.messageId === shaky.id && frame.index === 0)
  t.equal(starts.length, 3, 'index 0 says that the text begins anew')

  const broken = await world.say('broken', { mode: 'always' })
  t.match(await world.until(broken.replyId as string, 'failed'), { content: /^try/ })
  const run = {
    data: { conversationId: world.conversationId, messageId: shaky.id },
    signal: new AbortController().signal,
    progress() {},
  }
  t.match(await world.first.assistant.generate(run as never), { status: 'complete' }, 'a second run finds it done')
  const ends = (await world.events()).filter((event) => event.data.id === shaky.id).map((event) => event.name)
  t.strictSame(ends, ['reply.started', 'reply.completed'])
})

t.test('whoever reads along by HTTP gets all pieces, from the start, on any instance', async (t) => {
  const words = Array.from({ length: 30 }, (_, n) => `w${n} `)
  const slow = slowModel(words)
  const world = await assistantWorld(t, [{ workers: false }, { model: slow.model }])
  const follow = (instance: number) => {
    let text = ''
    const stop = world.opened[instance]!.assistant.follow(replyId, (piece, restart) => {
      text = restart ? piece : text + piece
    })
    return { text: () => text, stop }
  }
  const { replyId = '' } = await world.say('talk')
  const early = [follow(0), follow(1)]
  await slow.until(10)
  const late = [follow(0), follow(1)]
  const reply = await world.until(replyId, 'complete')
  t.equal(reply.content, words.join(''))
  for (const reader of [...early, ...late]) {
    while (reader.text() !== reply.content) await new Promise((resolve) => setTimeout(resolve, 5))
    t.equal(reader.text(), reply.content)
    reader.stop()
  }
})
