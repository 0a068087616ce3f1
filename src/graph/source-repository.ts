import type { Sql, TransactionSql } from 'postgres'
import type { RevisionRow, SourceRow } from './rows.ts'

type Db = Sql<{ bigint: number }>
type AnySql = Db | TransactionSql

/** SQL of sources and their revisions. Knows no rights. */
export function createSourceRepository(sql: Db) {
  const sourceColumns = sql`id, workspace_id as "workspaceId", name, revision, nodes, edges, version,
    created_at as "createdAt", updated_at as "updatedAt", analyzed_at as "analyzedAt", deleted_at as "deletedAt"`
  const revisionColumns = sql`id, source_id as "sourceId", number, state, upload_ids as "uploadIds", job_id as "jobId",
    created_by as "createdBy", added, removed, changed, stats, error, created_at as "createdAt", finished_at as "finishedAt"`

  return {
    async byId(id: string): Promise<SourceRow | undefined> {
      const rows = await sql<SourceRow[]>`select ${sourceColumns} from sources where id = ${id} and deleted_at is null`
      return rows[0]
    },

    /** The source with the newest finished revision; without any, the newest made. */
    async newest(workspaceId: string): Promise<SourceRow | undefined> {
      const rows = await sql<SourceRow[]>`select ${sourceColumns} from sources
        where workspace_id = ${workspaceId} and deleted_at is null
        order by analyzed_at desc nulls last, id desc limit 1`
      return rows[0]
    },

    async list(workspaceId: string, limit: number, before: string | undefined): Promise<SourceRow[]> {
      return sql<SourceRow[]>`select ${sourceColumns} from sources
        where workspace_id = ${workspaceId} and deleted_at is null ${before === undefined ? sql`` : sql`and id < ${before}`}
        order by id desc limit ${limit + 1}`
    },

    async insert(
      tx: AnySql,
      row: { id: string; workspaceId: string; name: string; createdBy: string },
    ): Promise<SourceRow> {
      const rows = await tx<SourceRow[]>`insert into sources (id, workspace_id, name, created_by)
        values (${row.id}, ${row.workspaceId}, ${row.name}, ${row.createdBy}) returning ${sourceColumns}`
      return rows[0] as SourceRow
    },

    /** Locks a source until the end of the transaction. */
    async lock(tx: AnySql, id: string): Promise<SourceRow | undefined> {
      const rows = await tx<
        SourceRow[]
      >`select ${sourceColumns} from sources where id = ${id} and deleted_at is null for update`
      return rows[0]
    },

    /**
     * Waits until no other analysis of the source is being stored, and keeps others waiting until the end of the transaction. The row itself stays free:
     * a source can be deleted meanwhile. Tells the revision that is current then.
     */
    async claim(tx: AnySql, id: string): Promise<(SourceRow & { revisionId: string | null }) | undefined> {
      await tx`select pg_advisory_xact_lock(hashtextextended(${id}, 0))`
      const rows = await tx<(SourceRow & { revisionId: string | null })[]>`
        select ${sourceColumns}, (select r.id from revisions r where r.source_id = s.id and r.number = s.revision) as "revisionId"
        from sources s where id = ${id} and deleted_at is null`
      return rows[0]
    },

    async finish(
      tx: AnySql,
      id: string,
      revision: number,
      counts: { nodes: number; edges: number },
    ): Promise<SourceRow> {
      const rows = await tx<
        SourceRow[]
      >`update sources set revision = ${revision}, nodes = ${counts.nodes}, edges = ${counts.edges},
        analyzed_at = now(), updated_at = now(), version = version + 1 where id = ${id} returning ${sourceColumns}`
      return rows[0] as SourceRow
    },

    /** Marks a source deleted and drops what search would find of it. */
    async remove(tx: AnySql, id: string, version: number | undefined): Promise<boolean> {
      const rows = await tx`update sources set deleted_at = now(), version = version + 1
        where id = ${id} and deleted_at is null ${version === undefined ? tx`` : tx`and version = ${version}`} returning id`
      if (rows.length > 0) await dropContents(tx, id)
      return rows.length > 0
    },

    async insertRevision(
      tx: AnySql,
      row: { id: string; sourceId: string; uploadIds: string[]; createdBy: string; jobId: string | undefined },
    ): Promise<void> {
      await tx`insert into revisions (id, source_id, upload_ids, created_by, job_id)
        values (${row.id}, ${row.sourceId}, ${row.uploadIds}::uuid[], ${row.createdBy}, ${row.jobId ?? null})`
    },

    async revision(id: string): Promise<RevisionRow | undefined> {
      const rows = await sql<RevisionRow[]>`select ${revisionColumns} from revisions where id = ${id}`
      return rows[0]
    },

    async revisionByNumber(sourceId: string, number: number): Promise<RevisionRow | undefined> {
      const rows = await sql<RevisionRow[]>`select ${revisionColumns} from revisions
        where source_id = ${sourceId} and number = ${number}`
      return rows[0]
    },

    async revisions(sourceId: string, limit: number, before: string | undefined): Promise<RevisionRow[]> {
      return sql<RevisionRow[]>`select ${revisionColumns} from revisions
        where source_id = ${sourceId} ${before === undefined ? sql`` : sql`and id < ${before}`} order by id desc limit ${limit + 1}`
    },

    async setState(id: string, state: 'active' | 'failed', error?: string): Promise<void> {
      await sql`update revisions set state = ${state}, error = ${error ?? null},
        finished_at = ${state === 'failed' ? sql`now()` : null} where id = ${id} and state <> 'completed'`
    },

    /** Completes a revision once. @returns false when it was completed before */
    async complete(tx: AnySql, id: string, result: { number: number; stats: object }): Promise<boolean> {
      const { number, stats } = result
      const rows =
        await tx`update revisions set state = 'completed', number = ${number}, stats = ${JSON.stringify(stats)}::text::jsonb, error = null, finished_at = now()
        where id = ${id} and state <> 'completed' returning id`
      return rows.length > 0
    },

    async setDelta(tx: AnySql, id: string, delta: { added: number; removed: number; changed: number }): Promise<void> {
      await tx`update revisions set added = ${delta.added}, removed = ${delta.removed}, changed = ${delta.changed} where id = ${id}`
    },
  }
}

/** Takes away everything that was analysed; the row of the source and those of its revisions stay as a record. */
async function dropContents(tx: AnySql, id: string): Promise<void> {
  for (const table of ['annotations', 'passages', 'source_files', 'graph_edges', 'graph_nodes']) {
    await tx`delete from ${tx(table)} where source_id = ${id}`
  }
}

/** See {@link createSourceRepository}. */
export type SourceRepository = ReturnType<typeof createSourceRepository>
