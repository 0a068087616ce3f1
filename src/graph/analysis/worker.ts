import { constants, setPriority } from 'node:os'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort } from 'node:worker_threads'
import { graphLines, passageLines, type Table, type WriteAt } from '../writer/lines.ts'
import { type AnalysisListener, analyzeAgain } from './analyze.ts'
import type { AnalysisInput, AnalysisResult, Plan, Progress } from './types.ts'

/**
 * What the worker sends: progress, the plan and passages as they come, then the result in slices, so that no message blocks the receiver for long. `saved`
 * is the last one of a task: the findings are kept for the next time, or could not be. `rested` says how much memory the thread holds on to after it.
 */
export type WorkerMessage =
  | { type: 'progress'; progress: Progress }
  | { type: 'plan'; plan: Plan }
  | { type: 'rows'; table: Table; lines: Uint8Array }
  | { type: 'slice'; slice: Partial<AnalysisResult> }
  | { type: 'done'; stats: AnalysisResult['stats']; scope: AnalysisResult['scope'] }
  | { type: 'saved'; saved: boolean }
  | { type: 'rested'; heldBytes: number }

/** What the worker is told: one task after the other, and that a batch of `rows` is written. */
export type WorkerOrder = { type: 'task'; task: WorkerTask } | { type: 'written' }

/** One analysis. */
export interface WorkerTask {
  input: AnalysisInput
  /** Where it is going to be written: then passages, nodes and edges are sent as lines for that, and each batch is answered when it is written. */
  writeAt: WriteAt | undefined
}

const SLICE = 2000
/** Nodes and edges of one batch. */
const PILE = 4000
/** Batches of lines that may be on their way. */
const WINDOW = 3
const MIN_INTERVAL_MS = 100
/** A heap of this size is no trouble to anybody who waits. */
const SMALL_HEAP = 48 * 1024 ** 2

/** Sends lines, a few batches ahead of whoever writes them. */
function createSender(port: NonNullable<typeof parentPort>) {
  let unwritten = 0
  let goOn = () => {}
  return {
    message: (message: WorkerMessage) => port.postMessage(message),
    rows(table: Table, lines: Buffer) {
      unwritten++
      // A copy that owns its memory, which changes hands.
      const own = new Uint8Array(lines)
      port.postMessage({ type: 'rows', table, lines: own } satisfies WorkerMessage, [own.buffer])
    },
    written() {
      unwritten--
      goOn()
    },
    /** Resolves when there is room for one more batch. */
    async room() {
      while (unwritten >= WINDOW) {
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
      }
    },
  }
}

type Sender = ReturnType<typeof createSender>
type Graph = Pick<AnalysisResult, 'nodes' | 'edges'>

async function perform({ input, writeAt }: WorkerTask, sender: Sender): Promise<void> {
  const sendGraph = async (part: Graph) => {
    for (const [table, lines] of writeAt ? graphLines(writeAt, part) : []) {
      await sender.room()
      sender.rows(table, lines)
    }
  }
  const pile = createPile()
  const writing: AnalysisListener = writeAt
    ? {
        onPassages: (passages) => {
          sender.rows('passages', passageLines(writeAt, passages))
          return sender.room()
        },
        onGraph: async (part) => {
          const full = pile.add(part)
          if (full) await sendGraph(full)
        },
      }
    : {}
  const { result, save } = await analyzeAgain(input, {
    onProgress: throttled((progress) => sender.message({ type: 'progress', progress })),
    onPlan: (plan) => sender.message({ type: 'plan', plan }),
    ...writing,
  })
  if (writeAt) {
    await sendGraph(pile.take())
    await sendGraph(result)
    result.nodes = []
    result.edges = []
  }
  for (const key of ['nodes', 'edges', 'passages', 'notes'] as const) {
    for (let at = 0; at < result[key].length; at += SLICE) {
      sender.message({ type: 'slice', slice: { [key]: result[key].slice(at, at + SLICE) } })
    }
  }
  sender.message({ type: 'done', stats: result.stats, scope: result.scope })
  sender.message({ type: 'saved', saved: attempt(save) })
}

/** Tells the ends of phases, and what is between them now and then. */
function throttled(tell: (progress: Progress) => void): (progress: Progress) => void {
  let last = { phase: '', at: 0 }
  return (progress) => {
    const now = performance.now()
    const isFinal = progress.done === progress.total
    if (progress.phase === last.phase && !isFinal && now - last.at < MIN_INTERVAL_MS) return
    last = { phase: progress.phase, at: now }
    tell(progress)
  }
}

/** Gathers nodes and edges until they are worth a batch. */
function createPile() {
  let part: Graph = { nodes: [], edges: [] }
  const take = () => {
    const taken = part
    part = { nodes: [], edges: [] }
    return taken
  }
  return {
    take,
    add({ nodes, edges }: Graph) {
      for (const node of nodes) part.nodes.push(node)
      for (const edge of edges) part.edges.push(edge)
      return part.nodes.length + part.edges.length < PILE ? undefined : take()
    },
  }
}

/** A full disk is no reason to fail an analysis that is done. */
function attempt(save: () => void): boolean {
  try {
    save()
    return true
  } catch {
    return false
  }
}

/** Gives memory back that a task has used, as far as this thread can: it may now wait for long. @returns what it holds on to, bytes */
function rest(): number {
  if (getHeapStatistics().total_heap_size > SMALL_HEAP) collect()
  const { total_heap_size, external_memory } = getHeapStatistics()
  return total_heap_size + external_memory
}

let collect = () => {
  // Node offers this function to whoever starts it with the flag; here it is needed at run time.
  setFlagsFromString('--expose-gc')
  collect = runInNewContext('gc') as () => void
  collect()
}

const port = parentPort
if (port !== null) {
  // On Linux 0 is the calling thread alone (setpriority(2)), elsewhere it would be the whole server: people who wait for an answer come first.
  if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL)
  const sender = createSender(port)
  let last: Promise<void> = Promise.resolve()
  port.on('message', (order: WorkerOrder) => {
    if (order.type === 'written') return sender.written()
    last = last.then(async () => {
      await perform(order.task, sender)
      sender.message({ type: 'rested', heldBytes: rest() })
    })
  })
}
