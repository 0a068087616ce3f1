import { problem } from '../contracts/errors.ts'
import type { Job } from '../contracts/jobs.ts'
import { idAfter } from '../contracts/list.ts'
import { type Actor, demand, type Operation, type WorkspaceRole } from '../contracts/policy.ts'
import type { UploadFile, UploadReader } from '../contracts/uploads.ts'
import type { Database } from '../db/database.ts'
import { toPage } from '../lib/cursor.ts'
import { matchesETag, recordETag } from '../lib/etag.ts'
import { newId } from '../lib/ids.ts'
import type { At } from './graph-repository.ts'
import type { Memory } from './memory.ts'
import type { GraphSelector } from './model.ts'
import type { Analysis, AnalyzeBody, Revision, Source, SourceListQuery } from './model-sources.ts'
import { type SourceRow, toRevision, toSource } from './rows.ts'
import { createSourceRepository } from './source-repository.ts'

/** What the graph asks of the workspaces. */
export interface WorkspaceAccess {
  resolve(actor: Actor, id: string | undefined, operation: Operation): Promise<{ id: string; role: WorkspaceRole }>
  roleOf(userId: string, id: string): Promise<WorkspaceRole | undefined>
}

/** What the sources need. */
export interface SourceDeps {
  db: Database
  workspaces: WorkspaceAccess
  uploads: Pick<UploadReader, 'resolve'>
  /** The job of that id as its submitter sees it. */
  job: (actor: Actor, id: string) => Promise<Job>
  /** Findings about files, which go with their source. */
  memory: Pick<Memory, 'forget'>
}

/** Sources and their revisions: who may see them, and the order to analyse. */
export function createSources({ db, workspaces, uploads, job, memory }: SourceDeps) {
  const repository = createSourceRepository(db.sql)

  async function find(actor: Actor, id: string, operation: Operation): Promise<SourceRow> {
    const row = await repository.byId(id)
    demand(row && (await workspaces.roleOf(actor.userId, row.workspaceId)), operation, 'source')
    return row as SourceRow
  }

  /** The files to analyse, all of one workspace in which the actor may write graphs. */
  async function demandFiles(
    actor: Actor,
    body: AnalyzeBody,
    source: SourceRow | undefined,
  ): Promise<{ workspaceId: string; files: UploadFile[] }> {
    const files = await uploads.resolve(actor, body.uploadIds, source?.workspaceId)
    const workspaceId = source?.workspaceId ?? (files[0] as UploadFile).workspaceId
    if (files.some((file) => file.workspaceId !== workspaceId)) {
      throw problem('UNPROCESSABLE', { detail: 'The uploads belong to different workspaces' })
    }
    demand(await workspaces.roleOf(actor.userId, workspaceId), 'graph:write', 'upload')
    return { workspaceId, files }
  }

  return {
    /**
     * Orders the analysis of uploads: into a new source, or as the next revision of an existing one.
     * @throws NOT_FOUND, FORBIDDEN, UNPROCESSABLE for uploads of several workspaces or in quarantine
     */
    async analyze(actor: Actor, body: AnalyzeBody): Promise<Analysis> {
      const existing = body.sourceId === undefined ? undefined : await find(actor, body.sourceId, 'graph:write')
      const { workspaceId, files } = await demandFiles(actor, body, existing)
      const name = body.name?.trim() ?? nameOf(files)
      const { source, jobId } = await db.transact(async (tx) => {
        const row =
          existing ?? (await repository.insert(tx.sql, { id: newId(), workspaceId, name, createdBy: actor.userId }))
        const revisionId = newId()
        const data = { sourceId: row.id, revisionId }
        const made = await tx.job({ name: 'source.analyze', data, userId: actor.userId, workspaceId })
        const revision = {
          id: revisionId,
          sourceId: row.id,
          uploadIds: body.uploadIds,
          createdBy: actor.userId,
          jobId: made,
        }
        await repository.insertRevision(tx.sql, revision)
        return { source: row, jobId: made as string }
      })
      return { job: await job(actor, jobId), source: toSource(source) }
    },

    /** @throws NOT_FOUND */
    get: async (actor: Actor, id: string): Promise<Source> => toSource(await find(actor, id, 'graph:read')),

    /** Sources of a workspace, newest first. @throws NOT_FOUND, INVALID_CURSOR */
    async list(actor: Actor, query: SourceListQuery) {
      const workspace = await workspaces.resolve(actor, query.workspaceId, 'graph:read')
      const rows = await repository.list(workspace.id, query.limit, idAfter(query.cursor))
      const { items, nextCursor } = toPage([...rows], query.limit, (row) => [row.id])
      return { items: items.map(toSource), nextCursor }
    },

    /** Revisions of a source, newest first. @throws NOT_FOUND, INVALID_CURSOR */
    async revisions(actor: Actor, id: string, query: { limit: number; cursor?: string | undefined }) {
      await find(actor, id, 'graph:read')
      const rows = await repository.revisions(id, query.limit, idAfter(query.cursor))
      const { items, nextCursor } = toPage([...rows], query.limit, (row) => [row.id])
      return { items: items.map(toRevision), nextCursor }
    },

    /** A finished revision by its number. @throws NOT_FOUND */
    async revision(actor: Actor, id: string, number: number): Promise<Revision> {
      await find(actor, id, 'graph:read')
      const row = await repository.revisionByNumber(id, number)
      if (row === undefined) throw problem('NOT_FOUND', { detail: 'No such revision' })
      return toRevision(row)
    },

    /** Deletes a source; its uploads stay. @throws NOT_FOUND, FORBIDDEN, PRECONDITION_FAILED */
    async remove(actor: Actor, id: string, ifMatch: string | undefined): Promise<void> {
      const source = await find(actor, id, 'graph:write')
      if (ifMatch !== undefined && !matchesETag(ifMatch, recordETag(source))) throw problem('PRECONDITION_FAILED')
      const version = ifMatch === undefined ? undefined : source.version
      const removed = await db.transact((tx) => repository.remove(tx.sql, id, version))
      if (!removed) throw problem('PRECONDITION_FAILED')
      await memory.forget(id)
    },

    /** The graph that a request means: a source, or the newest of the workspace, at a finished revision. @throws NOT_FOUND */
    async select(actor: Actor, { sourceId, workspaceId, revision }: GraphSelector): Promise<At & { source: Source }> {
      const row = sourceId === undefined ? await newest(actor, workspaceId) : await find(actor, sourceId, 'graph:read')
      if (workspaceId !== undefined && row.workspaceId !== workspaceId)
        throw problem('NOT_FOUND', { detail: 'No such source' })
      if (revision !== undefined && revision > row.revision) throw problem('NOT_FOUND', { detail: 'No such revision' })
      return { sourceId: row.id, revision: revision ?? row.revision, source: toSource(row) }
    },
  }

  async function newest(actor: Actor, workspaceId: string | undefined): Promise<SourceRow> {
    const workspace = await workspaces.resolve(actor, workspaceId, 'graph:read')
    const row = await repository.newest(workspace.id)
    if (row === undefined) throw problem('NOT_FOUND', { detail: 'The workspace has no source yet' })
    return row
  }
}

/** See {@link createSources}. */
export type Sources = ReturnType<typeof createSources>

/** A source without a name is called like its first file, without the ending of an archive. */
function nameOf(files: readonly UploadFile[]): string {
  const name = files[0]?.name ?? 'source'
  return name.replace(/\.(?:tar\.gz|tgz|tar|zip)$/i, '').slice(0, 200) || 'source'
}
