import t from 'tap'
import type { JobPace } from '../../src/contracts/jobs.ts'
import { createPace } from '../../src/graph/pace.ts'
import { createProgress } from '../../src/jobs/progress.ts'
import type { JobRow } from '../../src/jobs/repository.ts'

t.test('an analysis tells how far it is, files a second and the time that is left, in words and numbers', async (t) => {
  let now = 0
  const told: [value: number, phase: string, pace: JobPace | undefined][] = []
  const pace = createPace(
    (value, phase, numbers) => told.push([value, phase, numbers]),
    () => now,
  )
  const last = () => told.at(-1) as (typeof told)[number]

  pace('unpack', 1, 1)
  t.strictSame(last().slice(1), ['unpacking', undefined], 'one upload has no pace')
  now = 100
  pace('read', 10, 400)
  t.strictSame(last()[2], { done: 10, total: 400 }, 'too early to say how fast it is')
  now = 1_100
  pace('read', 200, 400)
  t.match(last()[1], /^parsing, 200 of 400 files, 200 files\/s, about \d+ s left$/)
  t.strictSame(last()[2], { done: 200, total: 400, perSecond: 200, secondsLeft: 2.6 }, 'three tenths took 1.1 s')
  now = 2_100
  pace('link', 0, 400)
  t.notOk(last()[2]?.perSecond, 'each phase has a speed of its own')
  now = 3_100
  pace('link', 400, 400)
  t.match(last()[2], { done: 400, total: 400, perSecond: 400 })
  pace('store', 1, 1)
  t.strictSame([last()[0], last()[2]], [1, undefined])
  const values = told.map(([value]) => value)
  t.strictSame(values, [...values].sort(), 'never back')
})

t.test('frames of a running job carry the numbers', async (t) => {
  const frames: Record<string, unknown>[] = []
  const sent = new Promise<void>((resolve) => {
    const broadcast = (_topic: string, frame: Record<string, unknown>) => {
      frames.push(frame)
      resolve()
    }
    const row = { id: 'j', name: 'source.analyze', userId: null, progress: 0, phase: null } as unknown as JobRow
    const repository = { progress: async () => true }
    const progress = createProgress({ row, repository, frames: { broadcast }, onGone: () => {} })
    progress.report(0.3, 'parsing, 3 of 10 files', { done: 3, total: 10, perSecond: 20, secondsLeft: 1.5 })
  })
  await sent
  t.match(frames, [
    { type: 'job', progress: 0.3, phase: /parsing/, pace: { done: 3, total: 10, perSecond: 20, secondsLeft: 1.5 } },
  ])
})
