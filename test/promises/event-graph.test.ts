import t from 'tap'
import { EVENTS, type EventName } from '../../src/contracts/events.ts'
import { JOBS, type JobDefinition, LANES } from '../../src/contracts/jobs.ts'

/** Event -> job -> event, as the tables say. */
function edgesOf(jobs: Record<string, Pick<JobDefinition, 'on' | 'emits'>>): Map<string, string[]> {
  const edges = new Map<string, string[]>()
  const add = (from: string, to: string) => edges.set(from, [...(edges.get(from) ?? []), to])
  for (const [name, job] of Object.entries(jobs)) {
    for (const event of job.on) add(event, `job ${name}`)
    for (const event of job.emits) add(`job ${name}`, event)
  }
  return edges
}

/** A way that leads back to where it began, or undefined. */
function cycleIn(edges: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>()
  const visit = (node: string, path: string[]): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node]
    if (done.has(node)) return undefined
    for (const next of edges.get(node) ?? []) {
      const cycle = visit(next, [...path, node])
      if (cycle) return cycle
    }
    done.add(node)
    return undefined
  }
  for (const node of edges.keys()) {
    const cycle = visit(node, [])
    if (cycle) return cycle
  }
  return undefined
}

t.test('no job leads back to itself through its events', async (t) => {
  const edges = edgesOf(JOBS)
  t.ok(edges.size >= 2, 'there is a graph to look at')
  t.strictSame(cycleIn(edges), undefined)
})

t.test('the check finds a cycle when there is one', async (t) => {
  const on = (on: EventName[], emits: EventName[]) => ({ on, emits })
  const loop = edgesOf({
    'reply.generate': on(['message.created'], ['reply.completed']),
    'echo.write': on(['reply.completed'], ['message.created']),
  })
  t.strictSame(cycleIn(loop), [
    'message.created',
    'job reply.generate',
    'reply.completed',
    'job echo.write',
    'message.created',
  ])
  t.strictSame(cycleIn(edgesOf({ self: on(['message.updated'], ['message.updated']) })), [
    'message.updated',
    'job self',
    'message.updated',
  ])
})

t.test('every job is named noun.verb, knows its lane, and speaks of events that exist', async (t) => {
  for (const [name, job] of Object.entries(JOBS) as [string, JobDefinition][]) {
    t.match(name, /^[a-z]+\.[a-z]+$/)
    t.ok(job.lane in LANES, `${name}: lane`)
    for (const event of [...job.on, ...job.emits]) t.ok(event in EVENTS, `${name}: ${event}`)
    t.ok(job.attempts >= 1 && job.backoffMs > 0 && job.timeoutMs > 0, `${name}: bounds`)
    t.notOk((job.data as { additionalProperties?: unknown }).additionalProperties, `${name}: its data is closed`)
  }
})
