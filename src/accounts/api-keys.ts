import { timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { topicOf } from '../contracts/events.ts'
import { idAfter } from '../contracts/list.ts'
import type { Actor, Scope, Tier } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import { PAYER, TIER } from '../db/payer.ts'
import type { Tx } from '../db/transaction.ts'
import { toPage } from '../lib/cursor.ts'
import { newId } from '../lib/ids.ts'
import { hashApiKey, idOfApiKey, makeApiKey } from './api-key-tokens.ts'
import type { ApiKey, CreateApiKeyBody, CreatedApiKey } from './model.ts'

interface Standing {
  hash: string
  userId: string
  tier: Tier
  scopes: Scope[]
  payerId: string | null
  valid: boolean
}

const STANDING_TTL_MS = 1000
/** Who a key stands for, with its use noted: look-ups by primary key. Exported for the test that has PostgreSQL explain it. */
export const STANDING = `
  update api_keys k set last_used_at = now() from users u ${PAYER}
  where k.id = $1 and u.id = k.user_id
  returning k.hash, k.user_id as "userId", ${TIER} as tier, p.id as "payerId", k.scopes,
            (k.revoked_at is null and (k.expires_at is null or k.expires_at > now()) and u.disabled_at is null) as valid`

/** API keys of a user: they act with the user's rights, narrowed to their scopes. Never an administrator's: keys get the role `user`. */
export function createApiKeys(db: Database) {
  const { sql } = db
  const standings = new LRUCache<string, Promise<Standing | undefined>>({ max: 10_000, ttl: STANDING_TTL_MS })

  async function standing(id: string): Promise<Standing | undefined> {
    const [row] = await sql.unsafe<Standing[]>(STANDING, [id], { prepare: true })
    return row
  }

  const actor = (keyId: string, { userId, tier, scopes, payerId }: Standing): Actor => ({
    userId,
    role: 'user',
    tier,
    keyId,
    scopes,
    ...(payerId !== null && { payerId }),
  })

  return {
    /** Makes a key, for oneself or a service account (`owner`); the answer is the only place where it is ever shown. */
    async create(actor: Actor, input: CreateApiKeyBody, origin: Origin, owner = actor.userId): Promise<CreatedApiKey> {
      if (actor.scopes !== undefined) throw problem('FORBIDDEN', { detail: 'An API key cannot make another' })
      if (input.expiresAt !== undefined && Date.parse(input.expiresAt) <= Date.now()) {
        throw problem('VALIDATION_FAILED', { errors: [{ path: 'body/expiresAt', message: 'must be in the future' }] })
      }
      const id = newId()
      const key = makeApiKey(id)
      const scopes = [...new Set(input.scopes)]
      return db.transact(async (tx) => {
        const [row] = await tx.sql<ApiKey[]>`
          insert into api_keys (id, user_id, name, hash, scopes, expires_at)
          values (${id}, ${owner}, ${input.name}, ${hashApiKey(key)}, ${tx.sql.array(scopes)}, ${input.expiresAt ?? null})
          returning id, name, scopes, expires_at as "expiresAt", last_used_at as "lastUsedAt", created_at as "createdAt"`
        await audit(tx.sql, {
          action: 'api_key.created',
          actorId: actor.userId,
          targetId: id,
          origin,
          details: { scopes, ...(owner !== actor.userId && { ownerId: owner }) },
        })
        return { ...(row as ApiKey), key }
      })
    },

    async list(actor: Pick<Actor, 'userId'>, query: { limit: number; cursor?: string | undefined }) {
      const after = idAfter(query.cursor)
      const rows = await sql<ApiKey[]>`
        select id, name, scopes, expires_at as "expiresAt", last_used_at as "lastUsedAt", created_at as "createdAt" from api_keys
        where user_id = ${actor.userId} and revoked_at is null ${after === undefined ? sql`` : sql`and id > ${after}`}
        order by id limit ${query.limit + 1}`
      return toPage([...rows], query.limit, (row) => [row.id])
    },

    /** @throws NOT_FOUND when it is no live key of the actor */
    async revoke(actor: Actor, id: string, origin: Origin, owner = actor.userId): Promise<void> {
      await db.transact(async (tx) => {
        const rows = await tx.sql`
          update api_keys set revoked_at = now() where id = ${id} and user_id = ${owner} and revoked_at is null returning id`
        if (rows.length === 0) throw problem('NOT_FOUND', { detail: 'No such API key' })
        await audit(tx.sql, { action: 'api_key.revoked', actorId: actor.userId, targetId: id, origin })
        tx.emit({ topic: topicOf('user', owner), name: 'api_key.revoked', data: { keyId: id } })
      })
      standings.delete(id)
    },

    /** Ends all keys of somebody, and what was opened with them; within the caller's transaction. */
    async revokeAll(tx: Tx, userId: string): Promise<void> {
      const ended = await tx.sql<{ id: string }[]>`
        update api_keys set revoked_at = now() where user_id = ${userId} and revoked_at is null returning id`
      for (const { id } of ended)
        tx.emit({ topic: topicOf('user', userId), name: 'api_key.revoked', data: { keyId: id } })
    },

    /** Forgets what is believed of a key; call it once its end is known, here or on another instance. */
    forget: (id: string) => void standings.delete(id),

    /**
     * Who a key stands for right now, from a cache of one second at most; each look-up notes the use.
     * @throws TOKEN_INVALID
     */
    async actorOf(key: string): Promise<Actor> {
      const id = idOfApiKey(key)
      if (id === undefined) throw problem('TOKEN_INVALID')
      let pending = standings.get(id)
      if (pending === undefined) {
        pending = standing(id)
        standings.set(id, pending)
        pending.catch(() => standings.delete(id))
      }
      const found = await pending
      const fits = found !== undefined && timingSafeEqual(Buffer.from(found.hash), Buffer.from(hashApiKey(key)))
      if (!fits || !found.valid) throw problem('TOKEN_INVALID')
      return actor(id, found)
    },

    /**
     * Who a key stands for by now, from the database itself: for connections that it has opened.
     * @throws TOKEN_INVALID
     */
    async refresh(id: string): Promise<Actor> {
      const found = await standing(id)
      if (!found?.valid) throw problem('TOKEN_INVALID')
      return actor(id, found)
    },
  }
}

/** See {@link createApiKeys}. */
export type ApiKeys = ReturnType<typeof createApiKeys>
