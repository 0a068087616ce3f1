import { fork } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { newId } from '../../src/lib/ids.ts'
import { assistantWorld, fillPassages } from './world.ts'

t.test('a reply whose writer is killed with SIGKILL is written by another, and stored once', async (t) => {
  const world = await assistantWorld(t, [{ workers: false }])
  await fillPassages(world.db, { ...world, uploadId: newId(), folders: ['plugins'] })
  const { replyId = '', jobId = '' } = await world.say('How do I add a plugin?')
  for (let death = 1; death <= 2; death++) {
    const child = fork(new URL('./writer-process.ts', import.meta.url), [world.url], { execArgv: ['--import=tsx'] })
    await once(child, 'message')
    child.kill('SIGKILL')
    await once(child, 'exit')
    t.match(
      await world.message(replyId),
      { status: 'streaming', content: /^doomed0 doomed1 / },
      'what was written so far can be read',
    )
  }
  await world.first.jobs.start({ workers: true })
  const reply = await world.until(replyId, 'complete')
  t.match(reply.content, /To add one/)
  t.notMatch(reply.content, /doomed/)
  t.ok(reply.citations.length > 0)
  t.strictSame(
    (await world.events()).map((event) => event.name),
    ['message.created', 'reply.started', 'reply.completed'],
  )
  for (;;) {
    const job = await world.first.jobs.service.get(world.ada, jobId)
    if (job.state !== 'completed') continue
    t.equal(job.attempt, 3)
    break
  }
})
