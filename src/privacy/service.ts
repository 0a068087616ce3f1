import type { Readable } from 'node:stream'
import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import type { JobHandler } from '../contracts/jobs.ts'
import { idAfter } from '../contracts/list.ts'
import { type Actor, demandServer } from '../contracts/policy.ts'
import type { Storage } from '../contracts/storage.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { toPage } from '../lib/cursor.ts'
import { newId } from '../lib/ids.ts'
import { personalArchive } from './archive.ts'
import { createErasure } from './erasure.ts'
import type { DataExport, OrderExportBody } from './model.ts'

/** What the rights of persons over their data need from outside. */
export interface PrivacyDeps {
  db: Database
  storage: Pick<Storage, 'put' | 'get' | 'delete'>
  readFile: (id: string) => Promise<Readable>
  purgeWorkspaces: (ids: readonly string[]) => Promise<number>
  /** Ends all sessions of somebody. */
  /** Ends sessions and keys. */
  endAccess: (tx: Tx, userId: string, reason: string, origin: Origin) => Promise<unknown>
  /** @throws INVALID_CREDENTIALS */
  demandPassword: (userId: string, password: string, origin: Origin) => Promise<void>
}

/** For how long an archive is kept, days. */
const KEPT_DAYS = 7

/** Export and erasure of everything that is kept of somebody (GDPR articles 15, 17 and 20), as jobs. */
export function createPrivacy(deps: PrivacyDeps) {
  const { db, storage, endAccess, demandPassword } = deps
  const { sql } = db
  const erase = createErasure({ ...deps, deleteObject: storage.delete })
  const columns = sql`id, user_id as "userId", job_id as "jobId", storage_key is not null as ready, size, expires_at as "expiresAt", created_at as "createdAt"`

  async function find(actor: Actor, id: string): Promise<DataExport & { key: string | null }> {
    const [row] = await sql<(DataExport & { key: string | null })[]>`
      select ${columns}, storage_key as key from data_exports
      where id = ${id} and requested_by = ${actor.userId} and expires_at > now()`
    if (row === undefined) throw problem('NOT_FOUND', { detail: 'No such export' })
    return row
  }

  /** Ends the account at once; the job does the rest. */
  const order = (actor: Actor, userId: string, origin: Origin) =>
    db.transact(async (tx) => {
      const [user] = await tx.sql<{ role: string }[]>`
        update users set disabled_at = coalesce(disabled_at, now()) where id = ${userId} and kind = 'person' returning role`
      if (user === undefined) throw problem('NOT_FOUND', { detail: 'No such user' })
      const others = await tx.sql`select 1 from users where role = 'admin' and disabled_at is null limit 1`
      if (user.role === 'admin' && others.length === 0)
        throw problem('CONFLICT', { detail: 'The last administrator stays: make another one first' })
      await endAccess(tx, userId, 'erased', origin)
      await audit(tx.sql, {
        action: 'account.administered',
        actorId: actor.userId,
        targetId: userId,
        origin,
        details: { erase: true },
      })
      await tx.job({ name: 'account.erase', data: { userId }, userId: null, dedupeKey: `erase:${userId}` })
      return { erasing: userId }
    })

  const generate: JobHandler<'account.export'> = async ({ data, actor, signal }) => {
    const found = await find(actor, data.exportId)
    if (found.userId !== actor.userId) demandServer(actor, 'users:administer')
    if (found.key !== null) return { exportId: found.id }
    const key = `exports/${found.id}`
    const { size } = await storage.put(key, await personalArchive(deps, found.userId, signal), { signal })
    await sql`update data_exports set storage_key = ${key}, size = ${size} where id = ${found.id}`
    return { exportId: found.id }
  }

  return {
    generate,
    erase,

    /** Orders an archive of the own data, or, for administrators, of somebody else's. */
    async orderExport(
      actor: Actor,
      { forUserId = actor.userId }: OrderExportBody,
      origin: Origin,
    ): Promise<DataExport> {
      if (forUserId !== actor.userId) demandServer(actor, 'users:administer')
      return db.transact(async (tx) => {
        const id = newId()
        const known = await tx.sql`select 1 from users where id = ${forUserId} and kind = 'person'`
        if (known.length === 0) throw problem('NOT_FOUND', { detail: 'No such user' })
        const jobId = (await tx.job({ name: 'account.export', data: { exportId: id }, userId: actor.userId })) ?? null
        const [row] = await tx.sql<DataExport[]>`
          insert into data_exports (id, user_id, requested_by, job_id, expires_at)
          values (${id}, ${forUserId}, ${actor.userId}, ${jobId}, now() + make_interval(days => ${KEPT_DAYS})) returning ${columns}`
        await audit(tx.sql, { action: 'account.export_ordered', actorId: actor.userId, targetId: forUserId, origin })
        return row as DataExport
      })
    },

    /** Archives that the actor has ordered. */
    async listExports(actor: Actor, { limit, cursor }: { limit: number; cursor?: string | undefined }) {
      const after = idAfter(cursor)
      const rows = await sql<DataExport[]>`
        select ${columns} from data_exports where requested_by = ${actor.userId} and expires_at > now()
          ${after === undefined ? sql`` : sql`and id > ${after}`} order by id limit ${limit + 1}`
      return toPage([...rows], limit, (row) => [row.id])
    },

    /** @throws NOT_FOUND */
    async getExport(actor: Actor, id: string): Promise<DataExport> {
      const { key: _, ...row } = await find(actor, id)
      return row
    },

    /** @throws NOT_FOUND, CONFLICT while it is being made */
    async openExport(actor: Actor, id: string, origin: Origin): Promise<{ stream: Readable; size: number }> {
      const { key, userId } = await find(actor, id)
      if (key === null) throw problem('CONFLICT', { detail: 'The archive is still being made' })
      await audit(sql, { action: 'account.export_fetched', actorId: actor.userId, targetId: userId, origin })
      return storage.get(key)
    },

    /** Erases somebody. @throws FORBIDDEN, NOT_FOUND, CONFLICT for oneself and for the last administrator */
    async eraseUser(actor: Actor, userId: string, origin: Origin) {
      demandServer(actor, 'users:administer')
      if (userId === actor.userId) throw problem('CONFLICT', { detail: 'Erase your own account with your password' })
      return order(actor, userId, origin)
    },

    /** Erases the own account. @throws INVALID_CREDENTIALS, CONFLICT for the last administrator */
    async eraseOwn(actor: Actor, password: string, origin: Origin) {
      await demandPassword(actor.userId, password, origin)
      return order(actor, actor.userId, origin)
    },

    /** Removes archives that have expired. */
    async sweep(): Promise<void> {
      for (const { id, key } of await sql<{ id: string; key: string | null }[]>`
        select id, storage_key as key from data_exports where expires_at < now()`) {
        if (key !== null) await storage.delete(key)
        await sql`delete from data_exports where id = ${id}`
      }
    },
  }
}

/** See {@link createPrivacy}. */
export type Privacy = ReturnType<typeof createPrivacy>
