import { LRUCache } from 'lru-cache'
import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { topicOf } from '../contracts/events.ts'
import { idAfter } from '../contracts/list.ts'
import type { Actor } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { toPage } from '../lib/cursor.ts'
import { newId } from '../lib/ids.ts'
import type { Sealer } from '../lib/seal.ts'
import type { TokenPair } from './model.ts'
import { hashToken, makeRefreshToken, sessionOfToken } from './refresh-tokens.ts'
import { createSessionRepository, type SessionRow, type Standing } from './session-repository.ts'

/** What sessions need from outside. Times of life are in seconds. */
export interface SessionsDeps {
  db: Database
  sealer: Sealer
  /** Signs the access token of a session. */
  signAccessToken: (claims: { sub: string; sid: string }) => string
  secret: string
  accessTtl: number
  refreshTtl: number
  sessionTtl: number
  refreshGrace: number
}

/** How long a found standing is believed without asking again: the most by which a revocation elsewhere can come late. */
const STANDING_TTL_MS = 1000
const PURPOSE = 'refresh-answer'

/**
 * Sessions: a family of rotating refresh tokens, one per sign-in. A token is good once; its immediate predecessor gets the identical new pair for a
 * short grace (a retry after a lost answer); any other used-up token of the family is theft and ends the session.
 */
export function createSessions(deps: SessionsDeps) {
  const { db, sealer, secret, accessTtl } = deps
  const repository = createSessionRepository(db)
  const standings = new LRUCache<string, Promise<Standing | undefined>>({ max: 20_000, ttl: STANDING_TTL_MS })

  const pairOf = (userId: string, sessionId: string): TokenPair => ({
    accessToken: deps.signAccessToken({ sub: userId, sid: sessionId }),
    refreshToken: makeRefreshToken(sessionId, secret),
    expiresIn: accessTtl,
  })

  /** Opens a session within the caller's transaction. */
  async function open(tx: Tx, userId: string, origin: Origin): Promise<TokenPair> {
    const id = newId()
    const pair = pairOf(userId, id)
    await repository.insert(tx, {
      id,
      userId,
      refreshHash: hashToken(pair.refreshToken),
      userAgent: origin.userAgent?.slice(0, 400) ?? null,
      address: origin.address,
      expiresAt: new Date(Date.now() + deps.sessionTtl * 1000).toISOString(),
    })
    return pair
  }

  /** Ends one session of a user, or all but one. */
  async function end(
    tx: Tx,
    userId: string,
    reason: string,
    origin: Origin,
    id?: string,
    except?: string,
  ): Promise<string[]> {
    const ended = await repository.revoke(tx, userId, reason, id, except)
    for (const sessionId of ended) {
      const action = reason === 'reuse' ? 'session.reused' : 'session.revoked'
      await audit(tx.sql, { action, actorId: userId, targetId: sessionId, origin, details: { reason } })
      tx.emit({ topic: topicOf('user', userId), name: 'session.revoked', data: { sessionId, reason } })
    }
    return ended
  }

  const tooOld = (row: SessionRow) =>
    Date.parse(row.expiresAt) < Date.now() || Date.parse(row.rotatedAt) + deps.refreshTtl * 1000 < Date.now()

  async function exchange(
    tx: Tx,
    token: string,
    row: SessionRow | undefined,
    origin: Origin,
  ): Promise<TokenPair | 'invalid' | 'ended' | 'reused'> {
    if (row === undefined) return 'invalid'
    if (row.revokedAt !== null || tooOld(row)) return 'ended'
    const presented = hashToken(token)
    if (presented === row.refreshHash) {
      const pair = pairOf(row.userId, row.id)
      await repository.rotate(tx, {
        id: row.id,
        refreshHash: hashToken(pair.refreshToken),
        previousHash: presented,
        previousAnswer: sealer.seal(JSON.stringify(pair), PURPOSE),
      })
      return pair
    }
    const inGrace = Date.parse(row.rotatedAt) + deps.refreshGrace * 1000 >= Date.now()
    if (presented === row.previousHash && row.previousAnswer !== null && inGrace) {
      return JSON.parse(sealer.open(row.previousAnswer, PURPOSE)) as TokenPair
    }
    await end(tx, row.userId, 'reuse', origin, row.id)
    return 'reused'
  }

  return {
    open,
    end,

    /**
     * Exchanges a refresh token for a new pair.
     * @throws TOKEN_INVALID, SESSION_REVOKED
     */
    async refresh(token: string, origin: Origin): Promise<TokenPair> {
      const sessionId = sessionOfToken(token, secret)
      if (sessionId === undefined) throw problem('TOKEN_INVALID')
      const found = await db.transact(async (tx) => exchange(tx, token, await repository.lock(tx, sessionId), origin))
      if (found === 'invalid') throw problem('TOKEN_INVALID')
      if (found === 'ended') throw problem('SESSION_REVOKED')
      if (found === 'reused')
        throw problem('SESSION_REVOKED', { detail: 'This token was used before; the session has been ended' })
      return found
    },

    /**
     * Who a session stands for right now, from a cache of one second at most.
     * @throws SESSION_REVOKED, ACCOUNT_DISABLED
     */
    async actorOf(sessionId: string): Promise<Actor> {
      let standing = standings.get(sessionId)
      if (standing === undefined) {
        standing = repository.standing(sessionId)
        standings.set(sessionId, standing)
        standing.catch(() => standings.delete(sessionId))
      }
      const found = await standing
      if (found === undefined || found.ended) throw problem('SESSION_REVOKED')
      if (found.disabled) throw problem('ACCOUNT_DISABLED')
      return { userId: found.userId, role: found.role, tier: found.tier, sessionId }
    },

    /** Forgets what is believed of a session; call it once its end is committed, here or on another instance. */
    forget: (sessionId: string) => void standings.delete(sessionId),

    async list(actor: Actor, query: { limit: number; cursor?: string | undefined }) {
      const rows = await repository.list(actor.userId, query.limit, idAfter(query.cursor))
      const page = toPage([...rows], query.limit, (row) => [row.id])
      return { ...page, items: page.items.map((row) => ({ ...row, current: row.id === actor.sessionId })) }
    },

    /** @throws NOT_FOUND when it is not a live session of the actor */
    async revoke(actor: Actor, id: string, origin: Origin): Promise<void> {
      const ended = await db.transact((tx) => end(tx, actor.userId, 'revoked', origin, id))
      if (ended.length === 0) throw problem('NOT_FOUND', { detail: 'No such session' })
    },

    /** Ends all sessions of the actor, the asking one included. */
    revokeAll: async (actor: Actor, origin: Origin): Promise<void> => {
      await db.transact((tx) => end(tx, actor.userId, 'logout-all', origin))
    },
  }
}

/** See {@link createSessions}. */
export type Sessions = ReturnType<typeof createSessions>
