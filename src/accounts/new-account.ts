import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { topicOf } from '../contracts/events.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { newId } from '../lib/ids.ts'
import type { User } from './model.ts'
import { createAccountRepository, type NewAccount } from './repository.ts'

/** Makes the personal workspace of a new user, in the same transaction. */
export type CreatePersonalWorkspace = (tx: Tx, user: { id: string; name: string }) => Promise<unknown>

/** Makes the one function by which accounts come to be, however somebody signed up. */
export function createNewAccount(db: Database, createPersonalWorkspace: CreatePersonalWorkspace) {
  const repository = createAccountRepository(db)

  /** @throws EMAIL_TAKEN */
  return async (tx: Tx, input: NewAccount, origin?: Origin): Promise<User> => {
    const email = input.email.trim()
    const name = input.name?.trim() || (email.split('@', 1)[0] as string)
    const user = await repository.insert(tx, { ...input, id: newId(), email, name })
    if (user === undefined) throw problem('EMAIL_TAKEN')
    await createPersonalWorkspace(tx, user)
    await audit(tx.sql, { action: 'account.registered', actorId: user.id, targetId: user.id, origin })
    tx.emit({ topic: topicOf('user', user.id), name: 'user.registered', data: user })
    return user
  }
}

/** See {@link createNewAccount}. */
export type CreateAccount = ReturnType<typeof createNewAccount>
