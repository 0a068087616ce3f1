import { type Contents, openContents } from './contents.ts'
import { stableId } from './ids.ts'
import type { Entry } from './incremental/entries.ts'
import { createCounts, freshEntry, keptEntry, saveFindings, statsOf } from './incremental/entries.ts'
import { type Changes, compare, compareFaces, dependents, type Touched } from './incremental/plan.ts'
import { partOf } from './incremental/scope.ts'
import { decodeFacts, type LoadedState, loadState } from './incremental/state.ts'
import { ignoredFolder } from './languages.ts'
import { createFrame } from './link/frame.ts'
import { type Linked, link, type OnLinked } from './link/link.ts'
import type { Reader } from './read.ts'
import { createReader } from './read.ts'
import { join as joinPath } from './resolve/tree.ts'
import type { AnalysisInput, AnalysisResult, FileFacts, InputFile, Passage, Plan, Progress } from './types.ts'

const NOTHING: Pick<AnalysisResult, 'nodes' | 'edges'> = { nodes: [], edges: [] }
const UNLINKED: Linked = { frame: new Set(), reads: new Map() }
const MAX_FILE_BYTES = 2 * 1024 * 1024

/** Whoever wants to hear of an analysis before it is done. */
export interface AnalysisListener {
  onProgress?: (progress: Progress) => void
  /** Told once, before anything is read. */
  onPlan?: (plan: Plan) => void
  /** Passages of the files that are read, as they come: the result then has none. */
  onPassages?: (passages: Passage[]) => void | Promise<void>
  /** Nodes and edges of an analysis of everything, file by file: the result then has none. */
  onGraph?: (part: Pick<AnalysisResult, 'nodes' | 'edges'>) => Promise<void>
}

/**
 * Analyses a directory: reads and parses each file by itself, then links the facts of all of them into one graph.
 * Synchronous work for the most part: run it in a worker thread (run.ts), not on the event loop of a server.
 * The result depends on the files alone, not on their order nor on earlier runs.
 */
export async function analyze(
  input: AnalysisInput,
  onProgress: (progress: Progress) => void = () => {},
): Promise<AnalysisResult> {
  return (await analyzeAgain(input, { onProgress })).result
}

/**
 * As {@link analyze}, with what an earlier analysis of the source has left: only files with another content are read, and only those links are made again
 * that can have changed. What was there before and `result` together are what a clean analysis gives. `save` leaves the findings for the next time.
 */
export async function analyzeAgain(
  input: AnalysisInput,
  listener: AnalysisListener = {},
): Promise<{ result: AnalysisResult; save: () => void }> {
  const contents = openContents(input)
  try {
    return await analyzeContents(input, contents, listener)
  } finally {
    contents.close()
  }
}

async function analyzeContents(
  input: AnalysisInput,
  contents: Contents,
  listener: AnalysisListener,
): Promise<{ result: AnalysisResult; save: () => void }> {
  const started = performance.now()
  const { onProgress = () => {}, onPlan } = listener
  const maxFileBytes = input.maxFileBytes ?? MAX_FILE_BYTES
  const { kept, ignored } = partition(input)
  const reader = createReader(contents, maxFileBytes)
  const previous = input.memory?.previous && loadState(input.memory.previous.path, input.memory.previous.revisionId)
  const current = previous ? hashAll(reader, kept, onProgress) : kept.map((file) => ({ ...file, hash: undefined }))
  const changes = compare(previous, current, { name: input.name, maxFileBytes, ignored })
  onPlan?.({ fresh: previous === undefined, changed: [...changes.changed], gone: changes.gone })

  const passages = createPassageSink(input.sourceId, listener.onPassages)
  const entries = await readAll({ reader, files: kept, previous, changes }, passages, onProgress)
  const again = previous && toLink(previous, changes, entries)
  const counts = createCounts()
  const task = { contents, files: kept, entries, ignored, before: previous?.manifests ?? [], again }
  // Nothing to link: the packages and folders are as they were, too.
  const done =
    again?.size === 0
      ? { ...NOTHING, linked: UNLINKED, manifests: new Set(task.before) }
      : await linkEntries(input, task, counts, listener)
  const { nodes, edges, linked, manifests } = done
  const unresolved = ({ path, kept }: Entry) =>
    again === undefined || again.has(path) ? (counts.unresolved.get(path) ?? 0) : (kept?.unresolved ?? 0)
  const stats = statsOf(entries, counts, unresolved)
  const notes = entries.flatMap((entry) => entry.notes.map((note) => ({ ...note, path: entry.path })))
  stats.milliseconds = Math.round(performance.now() - started)
  onProgress({ phase: 'done', done: 1, total: 1 })
  return {
    result: { nodes, edges, scope: again && [...again], passages: passages.rest, notes, stats },
    save: () => saveFindings({ input, ignored, manifests, entries, previous, linked, unresolved, maxFileBytes }),
  }
}

/** What there is to link, and what is known of it. */
interface Entries {
  contents: Contents
  files: readonly InputFile[]
  entries: Entry[]
  ignored: Map<string, number>
  /** Manifests that were asked for before. */
  before: readonly string[]
  /** The files to link; undefined for all. */
  again: ReadonlySet<string> | undefined
}

async function linkEntries(
  input: AnalysisInput,
  { contents, files, entries, ignored, before, again }: Entries,
  counts: ReturnType<typeof createCounts>,
  { onProgress = () => {}, onGraph }: AnalysisListener,
) {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const textOf = (path: string) => contents.read(byPath.get(path) as InputFile)?.toString('utf8')
  const { context, python, lookups, manifests } = createFrame(input, entries, textOf, before)
  const take: OnLinked = async (part, path) => {
    counts.add(part, path)
    await onGraph?.(part)
  }
  const wanted = again ? (path: string) => again.has(path) : () => true
  const task = { context, python, lookups, name: input.name, infos: entries, ignored, wanted }
  const linked = await link(task, onProgress, again || !onGraph ? undefined : take)
  const graph = again ? partOf(context.builder, again, linked) : onGraph ? NOTHING : context.builder.finish()
  if (again || !onGraph) counts.addAll(graph)
  return { ...graph, linked, manifests }
}

/** The files to link again; undefined where that is all of them, or so many that the difference is not worth it. */
function toLink(previous: LoadedState, changes: Changes, entries: readonly Entry[]): Set<string> | undefined {
  if (changes.whole) return undefined
  const touched = new Map<string, Touched>()
  for (const entry of entries) {
    const before = entry.kept === undefined ? previous.byPath.get(entry.path) : undefined
    if (before === undefined) continue
    const old = before.language === undefined ? undefined : decodeFacts(previous.body(before))
    const faces = compareFaces(old, entry.facts())
    if (faces) touched.set(entry.path, faces)
  }
  const again = dependents(previous, changes.changed, touched)
  return again.size > entries.length / 2 ? undefined : again
}

/** Sorts the paths and sets aside what lies in folders of other people's files. */
function partition(input: AnalysisInput): { kept: InputFile[]; ignored: Map<string, number> } {
  const byPath = new Map<string, InputFile>()
  const ignored = new Map<string, number>()
  for (const file of input.files) {
    if (joinPath('', file.path) !== file.path) continue
    const folder = ignoredFolder(file.path)
    if (folder === undefined) byPath.set(file.path, byPath.get(file.path) ?? file)
    else ignored.set(folder, (ignored.get(folder) ?? 0) + 1)
  }
  const kept = [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  return { kept, ignored: new Map([...ignored].sort(([a], [b]) => (a < b ? -1 : 1))) }
}

function hashAll(reader: Reader, files: readonly InputFile[], onProgress: (progress: Progress) => void) {
  const current: { path: string; size: number; hash: string | undefined }[] = []
  for (const file of files) {
    current.push({ path: file.path, size: file.size, hash: reader.hash(file) })
    if (current.length % 100 === 0) onProgress({ phase: 'compare', done: current.length, total: files.length })
  }
  return current
}

/** Reads the files that changed and takes the others from the state, in the order of their paths. */
async function readAll(
  task: { reader: Reader; files: readonly InputFile[]; previous: LoadedState | undefined; changes: Changes },
  passages: PassageSink,
  onProgress: (progress: Progress) => void,
): Promise<Entry[]> {
  const { reader, files, previous, changes } = task
  const total = changes.changed.size
  const entries: Entry[] = []
  let done = 0
  for (const file of files) {
    const known = changes.changed.has(file.path) ? undefined : previous?.byPath.get(file.path)
    if (previous && known) {
      entries.push(keptEntry(previous, known))
      continue
    }
    const read = await reader.read(file)
    entries.push(freshEntry(read, passages.take(file.path, read.facts)))
    await passages.taken
    done++
    if (done % 20 === 0) onProgress({ phase: 'read', done, total })
  }
  passages.flush()
  onProgress({ phase: 'read', done: total, total })
  return entries
}

/** Passes passages on in batches, or keeps them. */
interface PassageSink {
  /** Takes the passages out of facts; how many there were. */
  take: (path: string, facts: FileFacts | undefined) => number
  flush: () => void
  /** Resolves when whoever takes them is ready for more. */
  taken: void | Promise<void>
  rest: Passage[]
}

const PASSAGE_BATCH = 500

function createPassageSink(sourceId: string, listener: AnalysisListener['onPassages']): PassageSink {
  let waiting: Passage[] = []
  const sink: PassageSink = {
    rest: [],
    taken: undefined,
    take(path, facts) {
      if (facts === undefined) return 0
      const own = facts.passages.map(({ symbol, ...passage }): Passage => {
        const nodeKey = symbol < 0 ? path : `${path}#${facts.symbols[symbol]?.descriptor}`
        return { path, nodeKey, nodeId: stableId(sourceId, nodeKey), ...passage }
      })
      facts.passages = []
      waiting.push(...own)
      if (waiting.length >= PASSAGE_BATCH) sink.flush()
      return own.length
    },
    flush() {
      if (listener) sink.taken = listener(waiting)
      else sink.rest.push(...waiting)
      waiting = []
    },
  }
  return sink
}
