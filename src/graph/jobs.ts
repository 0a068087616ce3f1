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
import { AnalysisError, runAnalysis } from './analysis/run.ts'
import type { AnalysisResult, Progress } from './analysis/types.ts'
import type { Gathered } from './gather.ts'
import { gather } from './gather.ts'
import type { RevisionRow, SourceRow } from './rows.ts'
import type { WorkspaceAccess } from './service.ts'
import { createSourceRepository } from './source-repository.ts'
import { writeGraph, writePassages } from './writer.ts'

/** What the analysis job needs. */
export interface AnalyzeDeps {
  db: Database
  workspaces: WorkspaceAccess
  uploads: UploadReader
  unpack: Unpack
  limits: { maxFileBytes: number; memoryMb: number; timeLimitMs: number }
}

/** Shares of the whole that the phases take. */
const PHASES: Record<Progress['phase'] | 'unpack' | 'store', { label: string; from: number; to: number }> = {
  unpack: { label: 'unpacking', from: 0, to: 0.15 },
  read: { label: 'parsing', from: 0.15, to: 0.6 },
  resolve: { label: 'resolving', from: 0.6, to: 0.65 },
  link: { label: 'linking', from: 0.65, to: 0.75 },
  done: { label: 'linking', from: 0.75, to: 0.75 },
  store: { label: 'storing', from: 0.75, to: 1 },
}

/** Makes the handler of `source.analyze`: gathers the uploads, analyses them in a worker thread, and stores the revision in one transaction. */
export function createAnalyzeHandler({
  db,
  workspaces,
  uploads,
  unpack,
  limits,
}: AnalyzeDeps): JobHandler<'source.analyze'> {
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
    const report = (phase: keyof typeof PHASES, done: number) => {
      const { label, from, to } = PHASES[phase]
      run.progress(from + (to - from) * done, label)
    }
    const files = await uploads.resolve(run.actor, revision.uploadIds, source.workspaceId)
    const directory = await mkdtemp(join(tmpdir(), 'parley-analyze-'))
    try {
      const deps = { read: uploads.read, unpack, maxFileBytes: limits.maxFileBytes }
      const gathered = await gather(deps, files, directory, run.signal, (done) => report('unpack', done))
      const input = {
        sourceId: source.id,
        name: source.name,
        root: directory,
        files: gathered.files,
        maxFileBytes: limits.maxFileBytes,
      }
      const result = await runAnalysis(input, {
        signal: run.signal,
        timeLimitMs: limits.timeLimitMs,
        memoryLimitMb: limits.memoryMb,
        onProgress: ({ phase, done, total }) => report(phase, total === 0 ? 1 : done / total),
      })
      report('store', 0)
      await store(source, revision, result, gathered)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  async function store(
    source: SourceRow,
    revision: RevisionRow,
    result: AnalysisResult,
    gathered: Gathered,
  ): Promise<void> {
    const { id: sourceId, workspaceId } = source
    await db.transact(async (tx) => {
      const locked = await repository.lock(tx.sql, sourceId)
      if (locked === undefined) throw problem('NOT_FOUND', { detail: 'No such source' })
      const number = locked.revision + 1
      const stats = { ...result.stats, skipped: gathered.skipped }
      if (!(await repository.complete(tx.sql, revision.id, { number, stats }))) return
      const delta = await writeGraph(tx.sql, { sourceId, revision: number }, result)
      await writePassages(tx.sql, { sourceId, workspaceId }, result.passages, (path) => gathered.uploadOf.get(path))
      await repository.setDelta(tx.sql, revision.id, delta)
      await repository.finish(tx.sql, sourceId, number, { nodes: result.nodes.length, edges: result.edges.length })
      tx.emit({
        topic: topicOf('source', sourceId),
        name: 'graph.updated',
        data: { sourceId, revision: number, ...delta },
      })
    })
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
