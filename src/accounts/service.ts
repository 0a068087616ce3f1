import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { topicOf } from '../contracts/events.ts'
import type { Actor, ServerRole, Tier } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { newId } from '../lib/ids.ts'
import type { AuthResult, ChangePasswordBody, LoginBody, ProfileBody, RegisterBody, User } from './model.ts'
import { demandUncommon } from './password-rules.ts'
import type { Passwords } from './passwords.ts'
import { createAccountRepository } from './repository.ts'
import type { Sessions } from './sessions.ts'

/** What accounts need from outside. */
export interface AccountsDeps {
  db: Database
  passwords: Passwords
  sessions: Sessions
  /** Makes the personal workspace of a new user, in the same transaction. */
  createPersonalWorkspace: (tx: Tx, user: { id: string; name: string }) => Promise<unknown>
}

/** What an operator may give an account from the start. */
type Standing = { role: ServerRole; tier: Tier }

/** Registration, sign-in and the own account. */
export function createAccounts({ db, passwords, sessions, createPersonalWorkspace }: AccountsDeps) {
  const repository = createAccountRepository(db)

  async function create(
    tx: Tx,
    input: RegisterBody,
    passwordHash: string,
    origin?: Origin,
    standing?: Standing,
  ): Promise<User> {
    const email = input.email.trim()
    const name = input.name?.trim() || (email.split('@', 1)[0] as string)
    const user = await repository.insert(tx, { id: newId(), email, name, passwordHash, ...standing })
    if (user === undefined) throw problem('EMAIL_TAKEN')
    await createPersonalWorkspace(tx, user)
    await audit(tx.sql, { action: 'account.registered', actorId: user.id, targetId: user.id, origin })
    tx.emit({ topic: topicOf('user', user.id), name: 'user.registered', data: user })
    return user
  }

  async function own(actor: Actor): Promise<User> {
    const user = await repository.byId(actor.userId)
    if (user === undefined) throw problem('NOT_FOUND')
    return user
  }

  return {
    /** @throws EMAIL_TAKEN, OVERLOADED, VALIDATION_FAILED for a password that everybody tries */
    async register(input: RegisterBody, origin: Origin): Promise<AuthResult> {
      demandUncommon(input.password, { email: input.email, name: input.name ?? '' })
      const passwordHash = await passwords.hash(input.password)
      return db.transact(async (tx) => {
        const user = await create(tx, input, passwordHash, origin)
        return { user, ...(await sessions.open(tx, user.id, origin)) }
      })
    },

    /**
     * An account with a role and a tier, without a session: for whoever runs commands on the server, never for a request.
     * @throws EMAIL_TAKEN
     */
    async provision({ role, tier, ...input }: RegisterBody & Standing): Promise<User> {
      demandUncommon(input.password, { email: input.email, name: input.name ?? '' })
      const passwordHash = await passwords.hash(input.password)
      return db.transact((tx) => create(tx, input, passwordHash, undefined, { role, tier }))
    },

    /** @throws INVALID_CREDENTIALS for an unknown email as for a wrong password, ACCOUNT_DISABLED, OVERLOADED */
    async login(input: LoginBody, origin: Origin): Promise<AuthResult> {
      const found = await repository.byEmail(input.email.trim())
      const fits = await passwords.verify(found?.passwordHash, input.password)
      if (found === undefined || !fits || found.disabled) {
        await audit(db.sql, { action: 'account.login_failed', targetId: found?.id, origin })
        throw problem(fits && found?.disabled ? 'ACCOUNT_DISABLED' : 'INVALID_CREDENTIALS')
      }
      const { passwordHash: _hash, disabled: _disabled, ...user } = found
      const pair = await db.transact(async (tx) => {
        await audit(tx.sql, { action: 'account.login', actorId: user.id, targetId: user.id, origin })
        return sessions.open(tx, user.id, origin)
      })
      return { user, ...pair }
    },

    /** Ends the asking session. An API key has none: revoke it instead. */
    async logout(actor: Actor, origin: Origin): Promise<void> {
      const { userId, sessionId } = actor
      if (sessionId !== undefined) await db.transact((tx) => sessions.end(tx, userId, 'logout', origin, sessionId))
    },

    /** @throws NOT_FOUND when the account is gone */
    me: own,

    /** Changes the own profile. */
    updateProfile: (actor: Actor, input: ProfileBody, origin: Origin): Promise<User> =>
      db.transact(async (tx) => {
        const user = await repository.updateName(tx, actor.userId, input.name.trim())
        if (user === undefined) throw problem('NOT_FOUND')
        await audit(tx.sql, { action: 'account.updated', actorId: user.id, targetId: user.id, origin })
        return user
      }),

    /**
     * Changes the own password and ends all other sessions.
     * @throws INVALID_CREDENTIALS when the current one is wrong
     */
    async changePassword(actor: Actor, input: ChangePasswordBody, origin: Origin): Promise<void> {
      const stored = await repository.passwordHash(actor.userId)
      if (!(await passwords.verify(stored, input.currentPassword)))
        throw problem('INVALID_CREDENTIALS', { detail: 'The current password is wrong' })
      demandUncommon(input.newPassword, await own(actor), 'newPassword')
      const passwordHash = await passwords.hash(input.newPassword)
      await db.transact(async (tx) => {
        await repository.setPasswordHash(tx, actor.userId, passwordHash)
        await sessions.end(tx, actor.userId, 'password-changed', origin, undefined, actor.sessionId)
        await audit(tx.sql, {
          action: 'account.password_changed',
          actorId: actor.userId,
          targetId: actor.userId,
          origin,
        })
      })
    },
  }
}

/** See {@link createAccounts}. */
export type Accounts = ReturnType<typeof createAccounts>
