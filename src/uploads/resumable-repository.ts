import type { Database } from '../db/database.ts'

/** A resumable upload, or one that has become whole. `size` is what it will have, `offset` what has arrived. */
export interface ResumableRow {
  id: string
  state: 'resumable' | 'ready'
  workspaceId: string
  createdBy: string
  name: string
  size: number
  offset: number
  storageKey: string
  updatedAt: string
}

/** A piece of a file in the storage. */
export interface Part {
  start: number
  size: number
  storageKey: string
}

/** SQL of resumable uploads. */
export function createResumableRepository({ sql }: Database) {
  return {
    /** One that the user has begun. */
    async open(id: string, userId: string): Promise<ResumableRow | undefined> {
      const [row] = await sql<ResumableRow[]>`
        select u.id, u.state, u.workspace_id as "workspaceId", u.created_by as "createdBy", u.name, u.size, u.storage_key as "storageKey",
          u.updated_at as "updatedAt", case u.state when 'ready' then u.size
            else coalesce((select sum(p.size) from upload_parts p where p.upload_id = u.id), 0)::int8 end as offset
        from uploads u where u.id = ${id} and u.created_by = ${userId} and u.state <> 'receiving' and u.deleted_at is null`
      return row
    },

    /** Makes a piece known before its first byte is written. */
    expect: async (id: string, start: number, storageKey: string) =>
      void (await sql`insert into upload_parts (upload_id, start, storage_key) values (${id}, ${start}, ${storageKey})`),

    /** Counts a piece that has arrived; false when another was counted there before, or the upload is gone or whole. */
    append: (id: string, { start, size, storageKey }: Part): Promise<boolean> =>
      sql.begin(async (tx) => {
        const [upload] = await tx`
          update uploads set updated_at = now() where id = ${id} and state = 'resumable' returning id`
        const [end] = await tx<{ at: number }[]>`
          select coalesce(sum(size), 0)::int8 as at from upload_parts where upload_id = ${id}`
        if (upload === undefined || end?.at !== start) return false
        return (
          (await tx`update upload_parts set size = ${size} where storage_key = ${storageKey} returning start`).length >
          0
        )
      }),

    /** The pieces that count, in order. */
    parts: (id: string): Promise<Part[]> =>
      sql<Part[]>`
        select start, size, storage_key as "storageKey" from upload_parts where upload_id = ${id} and size is not null order by start`,

    /** The objects of all pieces, counted or not. */
    objects: async (id: string): Promise<string[]> =>
      (await sql<{ key: string }[]>`select storage_key as key from upload_parts where upload_id = ${id}`).map(
        ({ key }) => key,
      ),

    forget: async (storageKey: string) => void (await sql`delete from upload_parts where storage_key = ${storageKey}`),
  }
}
