import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Unpack } from '../contracts/archive.ts'
import { problem } from '../contracts/errors.ts'
import { topicOf } from '../contracts/events.ts'
import type { JobHandler, JobRun } from '../contracts/jobs.ts'
import { demand } from '../contracts/policy.ts'
import type { UploadReader } from '../contracts/uploads.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { AnalysisError, type AnalysisRunner } from './analysis/run.ts'
import type { AnalysisInput, AnalysisResult } from './analysis/types.ts'
import type { Gathered } from './gather.ts'
import { gather } from './gather.ts'
import type { Memory } from './memory.ts'
import { createPace } from './pace.ts'
import type { RevisionRow, SourceRow } from './rows.ts'
import type { WorkspaceAccess } from './service.ts'
import { createSourceRepository } from './source-repository.ts'
import { countsAfter, sizesOf, updateOf } from './update.ts'
import { createRevisionWriter, type RevisionWriter } from './writer/index.ts'

/** What the analysis job needs. */
export interface AnalyzeDeps {
  db: Database
  workspaces: WorkspaceAccess
  uploads: UploadReader
  unpack: Unpack
  limits: { maxFileBytes: number; timeLimitMs: number }
  memory: Memory
  runner: AnalysisRunner
}

interface Task {
  run: JobRun<'source.analyze'>
  revision: RevisionRow
  gathered: Gathered
  pace: ReturnType<typeof createPace>
  input: AnalysisInput
}

interface Done {
  source: SourceRow
  revision: RevisionRow
  result: AnalysisResult
  gathered: Gathered
  writer: RevisionWriter
}

/** Makes the handler of `source.analyze`: gathers the uploads, analyses them in a worker thread, and stores the revision in one transaction. */
export function createAnalyzeHandler(deps: AnalyzeDeps): JobHandler<'source.analyze'> {
  const { db, workspaces, uploads, unpack, limits, memory, runner } = deps
  const repository = createSourceRepository(db.sql)

  async function expectRight({
    data,
    actor,
  }: JobRun<'source.analyze'>): Promise<{ source: SourceRow; revision: RevisionRow }> {
    const source = await repository.byId(data.sourceId)
    const role = source && (await workspaces.roleOf(actor.userId, source.workspaceId))
    demand(role, 'graph:write', 'source')
    const revision = await repository.revision(data.revisionId)
    if (revision === undefined) throw problem('NOT_FOUND', { detail: 'No such revision' })
    return { source: source as SourceRow, revision }
  }

  async function analyze(run: JobRun<'source.analyze'>, source: SourceRow, revision: RevisionRow): Promise<void> {
    const pace = createPace(run.progress)
    // Starts while the uploads are unpacked.
    runner.prepare()
    const resolved = await uploads.resolve(run.actor, revision.uploadIds, source.workspaceId)
    const directory = await mkdtemp(join(tmpdir(), 'parley-analyze-'))
    try {
      const { maxFileBytes } = limits
      const deps = { read: uploads.read, unpack, maxFileBytes }
      const gathered = await gather(deps, resolved, directory, run.signal, (done) => pace('unpack', done, 1))
      const { files, pack } = gathered
      const input = { sourceId: source.id, name: source.name, root: directory, pack, files, maxFileBytes }
      await analyzeAndStore({ run, revision, gathered, pace, input })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  /** One transaction from the first parsed file on: its passages are indexed while the next ones are parsed. */
  async function analyzeAndStore(task: Task): Promise<void> {
    const { run, revision, gathered, pace, input } = task
    const { sourceId } = input
    await memory.sweep()
    let kept: NonNullable<AnalysisInput['memory']> | undefined
    try {
      await db.transact(async (tx) => {
        const source = await repository.claim(tx.sql, sourceId)
        if (source === undefined) throw problem('NOT_FOUND', { detail: 'No such source' })
        if ((await repository.revision(revision.id))?.state === 'completed') return
        kept = await memory.open(sourceId, source.revisionId ?? undefined, revision.id)
        const at = { sourceId, workspaceId: source.workspaceId, revision: source.revision + 1 }
        const writer = createRevisionWriter(tx.sql, at)
        const result = await runner
          .run(
            { ...input, memory: kept },
            {
              signal: run.signal,
              timeLimitMs: limits.timeLimitMs,
              onProgress: ({ phase, done, total }) => pace(phase, done, total),
              onPlan: writer.plan,
              writer,
            },
          )
          .catch(async (error: unknown) => {
            await writer.settled()
            throw error
          })
        pace('store', 0, 1)
        await store(tx, { source, revision, result, gathered, writer })
        await result.saved
      })
      if (kept) await memory.keep(sourceId, kept)
    } finally {
      if (kept) await memory.drop(kept)
    }
  }

  async function store(tx: Tx, done: Done): Promise<void> {
    const { source, revision, result, gathered, writer } = done
    const sourceId = source.id
    const number = source.revision + 1
    const difference = await writer.finish(result, gathered.uploadOf)
    const counts = countsAfter(source, result, difference)
    const stats = { ...result.stats, ...counts, skipped: gathered.skipped }
    if ((await repository.lock(tx.sql, sourceId)) === undefined)
      throw problem('NOT_FOUND', { detail: 'No such source' })
    if (!(await repository.complete(tx.sql, revision.id, { number, stats })))
      throw problem('CONFLICT', { detail: 'The revision was completed by another run' })
    await repository.setDelta(tx.sql, revision.id, sizesOf(difference))
    await repository.finish(tx.sql, sourceId, number, counts)
    const data = updateOf({ sourceId, revision: number }, difference)
    tx.emit({ topic: topicOf('source', sourceId), name: 'graph.updated', data })
  }

  return async (run) => {
    const { source, revision } = await expectRight(run)
    if (revision.state !== 'completed') {
      await repository.setState(revision.id, 'active')
      try {
        await analyze(run, source, revision)
      } catch (error) {
        const failure = publicError(error, run.signal)
        await repository.setState(revision.id, 'failed', failure instanceof Error ? failure.message : 'failed')
        throw failure
      }
    }
    return resultOf(await repository.revision(revision.id))
  }
}

/** What users may read of a failure; a run that was ended from outside fails with that reason. */
function publicError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (!(error instanceof AnalysisError) || error.reason === 'failed') return error
  return problem('UNPROCESSABLE', { detail: error.message, cause: error })
}

function resultOf(revision: RevisionRow | undefined): object {
  if (revision === undefined) return {}
  const { sourceId, number, added, removed, changed, stats } = revision
  const { files = 0, lines = 0, nodes = 0, edges = 0, passages = 0, unresolved = 0, notes = 0 } = stats ?? {}
  return {
    sourceId,
    revision: number,
    added,
    removed,
    changed,
    files,
    lines,
    nodes,
    edges,
    passages,
    unresolved,
    notes,
  }
}
