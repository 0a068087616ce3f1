import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { analyze } from '../../src/graph/analysis/analyze.ts'
import { AnalysisError, createAnalysisRunner } from '../../src/graph/analysis/run.ts'
import { createThreads, MAX_HELD_BYTES } from '../../src/graph/analysis/threads.ts'
import { type Files, withTree } from './tree.ts'

const ECHO = `require('worker_threads').parentPort.on('message', function (message) { this.postMessage(message) })`
const LONG = 600_000

/** Threads that say whatever they are told to say; all of them end with the test. */
function echoes(t: Test, idleMs = LONG) {
  const started: Worker[] = []
  const start = () => {
    const worker = new Worker(ECHO, { eval: true })
    started.push(worker)
    return worker
  }
  t.teardown(() => Promise.all(started.map((worker) => worker.terminate())))
  return createThreads({ start, idleMs })
}

t.test('one thread that is done waits for the next analysis', async (t) => {
  const threads = echoes(t)
  const [first, second] = [threads.take(), threads.take()]
  threads.giveBack(first)
  threads.giveBack(second)
  await once(second, 'exit')
  t.equal(threads.take(), first, 'the same again')
  t.not(threads.take(), first, 'while it is at work there is another')
})

t.test('a thread is let go when nothing comes for long', async (t) => {
  const threads = echoes(t, 1)
  const thread = threads.take()
  threads.giveBack(thread)
  await once(thread, 'exit')
  t.not(threads.take(), thread)
})

t.test('a thread is let go when it holds on to much memory', async (t) => {
  const threads = echoes(t)
  const thread = threads.take()
  threads.giveBack(thread)
  thread.postMessage({ type: 'rested', heldBytes: MAX_HELD_BYTES })
  await once(thread, 'message')
  t.equal(threads.take(), thread, 'as much as it may')
  threads.giveBack(thread)
  thread.postMessage({ type: 'rested', heldBytes: MAX_HELD_BYTES + 1 })
  await once(thread, 'exit')
  t.not(threads.take(), thread)
})

t.test('after the end no thread waits', async (t) => {
  const threads = echoes(t)
  const [first, second] = [threads.take(), threads.take()]
  threads.giveBack(first)
  threads.close()
  await once(first, 'exit')
  threads.giveBack(second)
  await once(second, 'exit')
})

t.test('a thread that has died while it waited is not taken', async (t) => {
  const threads = echoes(t)
  threads.prepare()
  const thread = threads.take()
  threads.giveBack(thread)
  await thread.terminate()
  t.not(threads.take(), thread)
})

t.test('what a thread has done before does not show in an analysis', async (t) => {
  const runner = createAnalysisRunner({ idleMs: LONG })
  t.teardown(runner.close)
  const bodies: Files[] = [
    { 'a.py': 'def run():\n    return 1\n', 'b.go': 'package b\nfunc Run() int { return 1 }\n' },
    { 'a.ts': `import { b } from './b'\nexport const a = () => b()\n`, 'b.ts': 'export const b = () => 1\n' },
    { 'b.py': 'from a import run\nrun()\n', 'a.py': 'def run():\n    return 2\n' },
  ]
  for (const files of bodies) {
    await withTree(files, async (input) => {
      const clean = await analyze(input)
      const { saved, ...result } = await runner.run(input)
      clean.stats.milliseconds = result.stats.milliseconds
      t.strictSame(result, clean)
      t.equal(await saved, true)
    })
  }
  const broken = runner.run({ sourceId: 's', name: 'n', root: join(tmpdir(), 'not-there'), files: null as never })
  await t.rejects(broken, new AnalysisError('failed', 'The analysis failed'))
  await withTree(bodies[0] as Files, async (input) => {
    t.equal((await runner.run(input)).nodes.length, (await analyze(input)).nodes.length, 'a new thread after a failure')
  })
})
