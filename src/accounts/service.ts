import { problem } from '../contracts/errors.ts'
import { topicOf } from '../contracts/events.ts'
import type { Actor, ServerRole, Tier } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { newId } from '../lib/ids.ts'
import type { AuthResult, Device, LoginBody, RegisterBody, User } from './model.ts'
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

  async function create(tx: Tx, input: RegisterBody, passwordHash: string, standing?: Standing): Promise<User> {
    const email = input.email.trim()
    const name = input.name?.trim() || (email.split('@', 1)[0] as string)
    const user = await repository.insert(tx, { id: newId(), email, name, passwordHash, ...standing })
    if (user === undefined) throw problem('EMAIL_TAKEN')
    await createPersonalWorkspace(tx, user)
    tx.emit({ topic: topicOf('user', user.id), name: 'user.registered', data: user })
    return user
  }

  return {
    /** @throws EMAIL_TAKEN, OVERLOADED */
    async register(input: RegisterBody, device: Device): Promise<AuthResult> {
      const passwordHash = await passwords.hash(input.password)
      return db.transact(async (tx) => {
        const user = await create(tx, input, passwordHash)
        return { user, ...(await sessions.open(tx, user.id, device)) }
      })
    },

    /**
     * An account with a role and a tier, without a session: for whoever runs commands on the server, never for a request.
     * @throws EMAIL_TAKEN
     */
    async provision({ role, tier, ...input }: RegisterBody & Standing): Promise<User> {
      const passwordHash = await passwords.hash(input.password)
      return db.transact((tx) => create(tx, input, passwordHash, { role, tier }))
    },

    /** @throws INVALID_CREDENTIALS for an unknown email as for a wrong password, ACCOUNT_DISABLED, OVERLOADED */
    async login(input: LoginBody, device: Device): Promise<AuthResult> {
      const found = await repository.byEmail(input.email.trim())
      const fits = await passwords.verify(found?.passwordHash, input.password)
      if (found === undefined || !fits) throw problem('INVALID_CREDENTIALS')
      if (found.disabled) throw problem('ACCOUNT_DISABLED')
      const { passwordHash: _hash, disabled: _disabled, ...user } = found
      const pair = await db.transact((tx) => sessions.open(tx, user.id, device))
      return { user, ...pair }
    },

    /** Ends the asking session. */
    async logout(actor: Actor): Promise<void> {
      await db.transact((tx) => sessions.end(tx, actor.userId, 'logout', actor.sessionId))
    },

    /** @throws NOT_FOUND when the account is gone */
    async me(actor: Actor): Promise<User> {
      const user = await repository.byId(actor.userId)
      if (user === undefined) throw problem('NOT_FOUND')
      return user
    },
  }
}

/** See {@link createAccounts}. */
export type Accounts = ReturnType<typeof createAccounts>
