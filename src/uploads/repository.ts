import type { Tier } from '../contracts/policy.ts'
import type { ContentKind, ScanState } from '../contracts/uploads.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import type { Upload } from './model.ts'
import type { Sniffed } from './sniff.ts'

/** A row with what is not public. */
export type UploadRow = Upload & { storageKey: string }

/** A file that is about to be received. */
export interface NewUpload {
  id: string
  workspaceId: string
  createdBy: string
  name: string
  storageKey: string
}

/** What is known of a file once all of it has arrived. */
export type Arrived = Sniffed & { id: string; size: number; sha256: string; scan: ScanState }

/** An upload that left bytes, or a claim to some, behind. */
export interface Leftover {
  id: string
  workspaceId: string
  size: number
  storageKey: string
}

/**
 * SQL of uploads. Every change of a size changes the storage of the workspace in the same transaction, so the two cannot
 * drift apart, and what is compared with the quota is locked while it is compared.
 */
export function createUploadRepository(db: Database) {
  const { sql } = db
  const columns = sql`u.id, u.workspace_id as "workspaceId", u.created_by as "createdBy", u.name, u.size, u.content_type as "contentType",
    u.kind, u.charset, u.sha256, u.scan, u.version, u.created_at as "createdAt", u.storage_key as "storageKey"`
  const visible = sql`u.state = 'ready' and u.deleted_at is null`
  const leftover = sql`id, workspace_id as "workspaceId", size, storage_key as "storageKey"`

  return {
    /** Reserves `bytes` of the quota and makes the row of a file to be received; false when they do not fit. */
    async begin(
      upload: NewUpload,
      bytes: number,
      quota: number,
      state: 'receiving' | 'resumable' = 'receiving',
    ): Promise<boolean> {
      if (bytes > quota) return false
      const rows = await sql`
        with room as (
          insert into workspace_storage as s (workspace_id, used_bytes) values (${upload.workspaceId}, ${bytes})
          on conflict (workspace_id) do update set used_bytes = s.used_bytes + excluded.used_bytes
            where s.used_bytes + excluded.used_bytes <= ${quota}
          returning s.workspace_id
        )
        insert into uploads (id, workspace_id, created_by, name, storage_key, size, state)
        select ${upload.id}, room.workspace_id, ${upload.createdBy}, ${upload.name}, ${upload.storageKey}, ${bytes}, ${state} from room
        returning id`
      return rows.length > 0
    },

    /** Reserves more for a file that is being received; undefined when it does not fit, else what is left of the quota. */
    grow: (id: string, workspaceId: string, bytes: number, quota: number): Promise<number | undefined> =>
      sql.begin(async (tx) => {
        const [room] = await tx<{ left: number }[]>`
          update workspace_storage set used_bytes = used_bytes + ${bytes}
          where workspace_id = ${workspaceId} and used_bytes + ${bytes} <= ${quota}
          returning ${quota} - used_bytes as left`
        if (room === undefined) return undefined
        const rows = await tx`
          update uploads set size = size + ${bytes}, updated_at = now() where id = ${id} and state = 'receiving' returning id`
        if (rows.length === 0) throw new Error('The upload was given up as abandoned while it was being received')
        return Number(room.left)
      }),

    /** Says that a slow upload is still alive. */
    touch: async (id: string) =>
      void (await sql`update uploads set updated_at = now() where id = ${id} and state <> 'ready'`),

    /** Makes a received file visible with its true size; undefined when it was given up meanwhile. */
    async finish(tx: Tx, file: Arrived): Promise<Upload | undefined> {
      const [row] = await tx.sql<UploadRow[]>`
        with before as (select id, workspace_id, size from uploads where id = ${file.id} and state <> 'ready' for update),
        settled as (
          update workspace_storage s set used_bytes = s.used_bytes + ${file.size} - b.size from before b
          where s.workspace_id = b.workspace_id
        )
        update uploads u set state = 'ready', size = ${file.size}, sha256 = ${file.sha256}, content_type = ${file.contentType},
          kind = ${file.kind}, charset = ${file.charset ?? null}, scan = ${file.scan}, created_at = now(), updated_at = now()
        from before b where u.id = b.id
        returning ${columns}`
      return row && withoutKey(row)
    },

    /** Forgets a file that was not received, and frees what it had reserved. The object must be gone by then. */
    async abandon(id: string): Promise<void> {
      await sql`
        with gone as (delete from uploads where id = ${id} and state <> 'ready' returning workspace_id, size)
        update workspace_storage s set used_bytes = s.used_bytes - gone.size from gone where s.workspace_id = gone.workspace_id`
    },

    /** Whether the file is attached to a message of a conversation that the user takes part in. */
    async isAttachedFor(id: string, userId: string): Promise<boolean> {
      const rows = await sql`
        select 1 from messages m
        join conversation_members cm on cm.conversation_id = m.conversation_id and cm.user_id = ${userId}
        join conversations c on c.id = m.conversation_id and c.deleted_at is null
        where m.attachments @> ${JSON.stringify([id])}::text::jsonb and m.attachments <> '[]' and m.deleted_at is null limit 1`
      return rows.length > 0
    },

    async byId(id: string): Promise<UploadRow | undefined> {
      const [row] = await sql<UploadRow[]>`select ${columns} from uploads u where u.id = ${id} and ${visible}`
      return row
    },

    byIds: (ids: readonly string[]): Promise<UploadRow[]> =>
      sql<UploadRow[]>`select ${columns} from uploads u where u.id in ${sql([...ids])} and ${visible}`,

    async list(
      workspaceId: string,
      { limit, after, kind }: { limit: number; after?: string | undefined; kind?: ContentKind | undefined },
    ): Promise<Upload[]> {
      const rows = await sql<UploadRow[]>`
        select ${columns} from uploads u where u.workspace_id = ${workspaceId} and ${visible}
        ${after === undefined ? sql`` : sql`and u.id < ${after}`} ${kind === undefined ? sql`` : sql`and u.kind = ${kind}`}
        order by u.id desc limit ${limit + 1}`
      return rows.map(withoutKey)
    },

    /** Marks a file as deleted and frees its bytes; undefined when it has changed or gone. */
    async remove(tx: Tx, id: string, version: number): Promise<Upload | undefined> {
      const [row] = await tx.sql<UploadRow[]>`
        with freed as (
          update uploads u set deleted_at = now(), updated_at = now(), version = version + 1
          where u.id = ${id} and u.version = ${version} and ${visible}
          returning u.*
        ), settled as (
          update workspace_storage s set used_bytes = s.used_bytes - f.size from freed f where s.workspace_id = f.workspace_id
        )
        select ${columns} from freed u`
      return row && withoutKey(row)
    },

    /** The tier of whoever owns a workspace. */
    async ownerTier(workspaceId: string): Promise<Tier | undefined> {
      const [row] = await sql<{ tier: Tier }[]>`
        select u.tier from workspace_members m join users u on u.id = m.user_id
        where m.workspace_id = ${workspaceId} and m.role = 'owner' limit 1`
      return row?.tier
    },

    /** Bytes that the files of a workspace take. */
    async used(workspaceId: string): Promise<number> {
      const [row] = await sql<{ used: number }[]>`
        select used_bytes as used from workspace_storage where workspace_id = ${workspaceId}`
      return row?.used ?? 0
    },

    /** Works on files that nobody has touched for so long that nobody will any more; each is forgotten after. */
    sweepUnfinished: (
      seconds: { receiving: number; resumable: number },
      free: (upload: { storageKey: string }) => Promise<void>,
    ): Promise<number> =>
      sql.begin(async (tx) => {
        const rows = await tx<Leftover[]>`
          select ${leftover} from uploads where state <> 'ready'
            and updated_at < now() - make_interval(secs => case state when 'receiving' then ${seconds.receiving}::int else ${seconds.resumable}::int end)
          order by updated_at limit 50 for update skip locked`
        for (const row of rows) {
          const parts = await tx<{ storageKey: string }[]>`
            select storage_key as "storageKey" from upload_parts where upload_id = ${row.id}`
          for (const object of [row, ...parts]) await free(object)
          await tx`delete from uploads where id = ${row.id}`
          await tx`update workspace_storage set used_bytes = used_bytes - ${row.size} where workspace_id = ${row.workspaceId}`
        }
        return rows.length
      }),

    /** Works on deleted files whose objects are still there; each is marked after. */
    sweepDeleted: (free: (upload: { storageKey: string }) => Promise<void>): Promise<number> =>
      sql.begin(async (tx) => {
        const rows = await tx<Leftover[]>`
          select ${leftover} from uploads where deleted_at is not null and purged_at is null
          order by deleted_at limit 50 for update skip locked`
        for (const row of rows) {
          await free(row)
          await tx`update uploads set purged_at = now() where id = ${row.id}`
        }
        return rows.length
      }),
  }
}

/** See {@link createUploadRepository}. */
export type UploadRepository = ReturnType<typeof createUploadRepository>

/** The public record of a row. */
export const withoutKey = ({ storageKey: _, ...upload }: UploadRow): Upload => upload
