import t from 'tap'
import { createCombiner } from '../../src/lib/combine.ts'

/** A worker whose runs end when they are told to. */
function world(options: { max?: number; parallel?: number } = {}) {
  const runs: { items: string[]; end: (error?: Error) => void }[] = []
  let arrived: (() => void) | undefined
  const combined = createCombiner<string, string>({
    run: (items) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error) => (error ? reject(error) : resolve(items.map((item) => item.toUpperCase())))
        runs.push({ items, end })
        arrived?.()
      }),
    undone: (error) => (error as Error).message === 'rolled back',
    ...options,
  })
  const runStarted = async (count: number) => {
    while (runs.length < count) {
      await new Promise<void>((resolve) => {
        arrived = resolve
      })
    }
    return runs[count - 1]!
  }
  return { combined, runs, runStarted }
}

t.test('calls of one turn share a run, and each gets its own result', async (t) => {
  const { combined, runs, runStarted } = world()
  const all = Promise.all(['a', 'b', 'c'].map(combined))
  const first = await runStarted(1)
  t.same(first.items, ['a', 'b', 'c'])
  first.end()
  t.same(await all, ['A', 'B', 'C'])
  t.equal(runs.length, 1)
})

t.test('calls gather while the lanes are busy, up to the maximum', async (t) => {
  const { combined, runs, runStarted } = world({ parallel: 1, max: 2 })
  const one = combined('a')
  const first = await runStarted(1)
  const rest = Promise.all(['b', 'c', 'd'].map(combined))
  t.equal(runs.length, 1)
  first.end()
  t.equal(await one, 'A')
  const second = await runStarted(2)
  t.same(second.items, ['b', 'c'])
  second.end()
  const third = await runStarted(3)
  t.same(third.items, ['d'])
  third.end()
  t.same(await rest, ['B', 'C', 'D'])
})

t.test('a bad item fails alone when the run was rolled back', async (t) => {
  const { combined, runStarted } = world()
  const all = Promise.allSettled(['a', 'bad', 'c'].map(combined))
  const joint = await runStarted(1)
  joint.end(new Error('rolled back'))
  for (const [count, error] of [[2], [3, new Error('bad')], [4]] as const) (await runStarted(count)).end(error)
  const settled = await all
  t.same(
    settled.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
})

t.test('a run with an unknown outcome is not repeated', async (t) => {
  const { combined, runs, runStarted } = world()
  const all = Promise.allSettled(['a', 'b'].map(combined))
  const joint = await runStarted(1)
  joint.end(new Error('connection lost'))
  const settled = await all
  t.same(
    settled.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  t.equal(runs.length, 1)
  const next = combined('c')
  const second = await runStarted(2)
  second.end()
  t.equal(await next, 'C', 'and the combiner lives on')
})
