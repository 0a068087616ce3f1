import { constants, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { graphLines, passageLines, type Table, type WriteAt } from '../writer/lines.ts'
import { type AnalysisListener, analyzeAgain } from './analyze.ts'
import type { AnalysisInput, AnalysisResult, Plan, Progress } from './types.ts'

/**
 * What the worker sends: progress, the plan and passages as they come, then the result in slices, so that no message blocks the receiver for long. `saved`
 * is the last one: the findings are kept for the next time, or could not be.
 */
export type WorkerMessage =
  | { type: 'progress'; progress: Progress }
  | { type: 'plan'; plan: Plan }
  | { type: 'rows'; table: Table; lines: Uint8Array }
  | { type: 'slice'; slice: Partial<AnalysisResult> }
  | { type: 'done'; stats: AnalysisResult['stats']; scope: AnalysisResult['scope'] }
  | { type: 'saved'; saved: boolean }

/** What the worker is given. */
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

const port = parentPort
if (port !== null) {
  const { input, writeAt } = workerData as WorkerTask
  // On Linux 0 is the calling thread alone (setpriority(2)), elsewhere it would be the whole server: people who wait for an answer come first.
  if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL)
  const send = (message: WorkerMessage) => port.postMessage(message)
  let unwritten = 0
  let goOn = () => {}
  const sendRows = (table: Table, lines: Buffer) => {
    unwritten++
    // A copy that owns its memory, which changes hands.
    const own = new Uint8Array(lines)
    port.postMessage({ type: 'rows', table, lines: own } satisfies WorkerMessage, [own.buffer])
  }
  let last = { phase: '', at: 0 }
  const onProgress = (progress: Progress) => {
    const now = performance.now()
    const isFinal = progress.done === progress.total
    if (progress.phase === last.phase && !isFinal && now - last.at < MIN_INTERVAL_MS) return
    last = { phase: progress.phase, at: now }
    send({ type: 'progress', progress })
  }
  const room = async () => {
    while (unwritten >= WINDOW) {
      await new Promise<void>((resolve) => {
        goOn = resolve
      })
    }
  }
  const sendGraph = async (at: WriteAt, part: Pick<AnalysisResult, 'nodes' | 'edges'>) => {
    for (const [table, lines] of graphLines(at, part)) {
      await room()
      sendRows(table, lines)
    }
  }
  const pile = createPile()
  const writing: AnalysisListener = writeAt
    ? {
        onPassages: (passages) => {
          sendRows('passages', passageLines(writeAt, passages))
          return room()
        },
        onGraph: async (part) => {
          const full = pile.add(part)
          if (full) await sendGraph(writeAt, full)
        },
      }
    : {}
  if (writeAt) {
    port.on('message', () => {
      unwritten--
      goOn()
    })
  }
  const { result, save } = await analyzeAgain(input, {
    onProgress,
    onPlan: (plan) => send({ type: 'plan', plan }),
    ...writing,
  })
  if (writeAt) {
    await sendGraph(writeAt, pile.take())
    await sendGraph(writeAt, result)
    result.nodes = []
    result.edges = []
  }
  for (const key of ['nodes', 'edges', 'passages', 'notes'] as const) {
    for (let at = 0; at < result[key].length; at += SLICE) {
      send({ type: 'slice', slice: { [key]: result[key].slice(at, at + SLICE) } })
    }
  }
  send({ type: 'done', stats: result.stats, scope: result.scope })
  send({ type: 'saved', saved: attempt(save) })
}

/** Gathers nodes and edges until they are worth a batch. */
function createPile() {
  let part: Pick<AnalysisResult, 'nodes' | 'edges'> = { nodes: [], edges: [] }
  const take = () => {
    const taken = part
    part = { nodes: [], edges: [] }
    return taken
  }
  return {
    take,
    add({ nodes, edges }: typeof part) {
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
