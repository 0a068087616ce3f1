import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { topicOf } from '../contracts/events.ts'
import { idAfter } from '../contracts/list.ts'
import type { Actor } from '../contracts/policy.ts'
import type { LoadStanding, SessionLookup, SessionStanding } from '../contracts/sessions.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import { SEALED } from '../db/sealed.ts'
import type { Tx } from '../db/transaction.ts'
import { toPage } from '../lib/cursor.ts'
import { newId } from '../lib/ids.ts'
import type { Sealer } from '../lib/seal.ts'
import { deviceOf } from './devices.ts'
import type { TokenPair } from './model.ts'
import { hashToken, type NamedSession, type RefreshTokens } from './refresh-tokens.ts'
import { createSessionRepository, type NewSession, type Rotation, type SessionRow } from './session-repository.ts'
import { createTouches } from './touches.ts'

/** What sessions need from outside. Times of life are in seconds. */
export interface SessionsDeps {
  db: Database
  sealer: Sealer
  /** Signs the access token of a session. */
  signAccessToken: (claims: { sub: string; sid: string }) => string
  refreshTokens: RefreshTokens
  /** Makes the look-up of standings on top of the database. */
  createLookup: (load: LoadStanding) => Promise<SessionLookup>
  accessTtl: number
  refreshTtl: number
  sessionTtl: number
  refreshGrace: number
}

const { purpose } = SEALED['sessions.previous_answer']

/**
 * Sessions: a family of rotating refresh tokens, one per sign-in. A token is good once; its immediate predecessor gets the identical new pair for a
 * short grace (a retry after a lost answer); any other used-up token of the family is theft and ends the session.
 */
export async function createSessions(deps: SessionsDeps) {
  const { db, sealer, accessTtl, refreshTtl, refreshTokens } = deps
  const repository = createSessionRepository(db)
  const lookup = await deps.createLookup((sessionId) => repository.standing(sessionId, refreshTtl))
  const touches = createTouches(repository.touch)

  const pairOf = (userId: string, sessionId: string): TokenPair => ({
    accessToken: deps.signAccessToken({ sub: userId, sid: sessionId }),
    refreshToken: refreshTokens.make({ sessionId, userId }),
    expiresIn: accessTtl,
  })

  function make(userId: string, origin: Origin): { pair: TokenPair; row: NewSession } {
    const id = newId()
    const pair = pairOf(userId, id)
    const row = {
      id,
      userId,
      refreshHash: hashToken(pair.refreshToken),
      userAgent: origin.userAgent?.slice(0, 400) ?? null,
      address: origin.address,
      expiresAt: new Date(Date.now() + deps.sessionTtl * 1000).toISOString(),
    }
    return { pair, row }
  }

  /** Opens a session within the caller's transaction. */
  async function open(tx: Tx, userId: string, origin: Origin): Promise<TokenPair> {
    const { pair, row } = make(userId, origin)
    await repository.insert(tx, row)
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
    Date.parse(row.expiresAt) < Date.now() || Date.parse(row.rotatedAt) + refreshTtl * 1000 < Date.now()

  const rotationOf = (id: string, presented: string, pair: TokenPair, { address }: Origin): Rotation => ({
    id,
    presented,
    successor: hashToken(pair.refreshToken),
    answer: sealer.seal(JSON.stringify(pair), purpose(id)),
    address,
    idle: refreshTtl,
  })

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
      await repository.rotateLocked(tx, rotationOf(row.id, presented, pair, origin))
      return pair
    }
    const inGrace = Date.parse(row.rotatedAt) + deps.refreshGrace * 1000 >= Date.now()
    if (presented === row.previousHash && row.previousAnswer !== null && inGrace) {
      return JSON.parse(sealer.open(row.previousAnswer, purpose(row.id))) as TokenPair
    }
    await end(tx, row.userId, 'reuse', origin, row.id)
    return 'reused'
  }

  function actorFrom(found: SessionStanding | undefined, userId: string, sessionId: string): Actor {
    if (found === undefined || found.userId !== userId || found.ended || found.endsAt < Date.now())
      throw problem('SESSION_REVOKED')
    if (found.disabled) throw problem('ACCOUNT_DISABLED')
    return { userId, role: found.role, tier: found.tier, sessionId }
  }

  return {
    open,
    end,

    /**
     * Opens a session after a right password and writes the sign-in down, in one statement. `challenged`: a second factor is to be shown first.
     * `outdated`: the password was replaced since its hash was read.
     */
    async openByPassword(
      userId: string,
      passwordHash: string,
      origin: Origin,
    ): Promise<TokenPair | 'challenged' | 'outdated'> {
      const { pair, row } = make(userId, origin)
      const line = { id: newId(), requestId: origin.requestId ?? null }
      const outcome = await repository.openByPassword(row, passwordHash, line)
      return outcome === 'opened' ? pair : outcome
    },

    /**
     * Exchanges a refresh token for a new pair: one statement where the token is the newest of a live session, which it nearly always is. Everything
     * else (a retry, reuse, an ended session) is looked into with the session locked.
     * @throws TOKEN_INVALID, SESSION_REVOKED
     */
    async refresh(token: string, origin: Origin): Promise<TokenPair> {
      const named = refreshTokens.read(token)
      if (named === undefined) throw problem('TOKEN_INVALID')
      const { sessionId, userId } = named
      if (!db.watched()) {
        const pair = pairOf(userId, sessionId)
        if (await repository.rotate(rotationOf(sessionId, hashToken(token), pair, origin))) return pair
      }
      const found = await db.transact(async (tx) => exchange(tx, token, await repository.lock(tx, sessionId), origin))
      if (found === 'invalid') throw problem('TOKEN_INVALID')
      if (found === 'ended') throw problem('SESSION_REVOKED')
      if (found === 'reused')
        throw problem('SESSION_REVOKED', { detail: 'This token was used before; the session has been ended' })
      return found
    },

    /**
     * Who a session of a user stands for right now, from what is kept for a second at most.
     * @throws SESSION_REVOKED, ACCOUNT_DISABLED
     */
    async actorOf(userId: string, sessionId: string): Promise<Actor> {
      const actor = actorFrom(await lookup.find(userId, sessionId), userId, sessionId)
      touches.note(sessionId)
      return actor
    },

    /** The same from the database itself: for connections that are told of a change before the news reaches what is kept. */
    currentActorOf: async (userId: string, sessionId: string): Promise<Actor> =>
      actorFrom(await repository.standing(sessionId, refreshTtl), userId, sessionId),

    /** Forgets what is believed of the sessions of a user, on all instances; call it once their end or another change is committed. */
    forget: (userId: string): Promise<void> => lookup.forget(userId),

    /** Whether an account was signed in to from an address of late. */
    knows: repository.knows,

    async list(actor: Actor, query: { limit: number; cursor?: string | undefined }) {
      const rows = await repository.list(actor.userId, query.limit, idAfter(query.cursor), refreshTtl)
      const page = toPage([...rows], query.limit, (row) => [row.id])
      return {
        ...page,
        items: page.items.map((row) => ({
          ...row,
          device: deviceOf(row.userAgent),
          current: row.id === actor.sessionId,
        })),
      }
    },

    /** Ends a session in whose place another was opened on the same device; does nothing when it has ended already. */
    async replaced({ userId, sessionId }: NamedSession, origin: Origin): Promise<void> {
      await db.transact((tx) => end(tx, userId, 'replaced', origin, sessionId))
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

    /** Writes down when sessions were last used; called now and then. */
    flush: touches.flush,

    async close(): Promise<void> {
      await lookup.close()
      await touches.flush()
    },
  }
}

/** See {@link createSessions}. */
export type Sessions = Awaited<ReturnType<typeof createSessions>>
