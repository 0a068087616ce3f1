import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { topicOf } from '../contracts/events.ts'
import { idAfter } from '../contracts/list.ts'
import { type Actor, demandServer } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import { toPage } from '../lib/cursor.ts'
import type { ManagedUser, ManageUserBody, UserQuery } from './model.ts'
import { createAccountRepository } from './repository.ts'
import type { Sessions } from './sessions.ts'

/** What administrators do with accounts. The routes admit administrators only; the service asks again. */
export function createAdministration(db: Database, sessions: Sessions) {
  const repository = createAccountRepository(db)

  const demandAdmin = (actor: Actor) => demandServer(actor, 'users:administer')

  return {
    async list(actor: Actor, { limit, cursor, ...filter }: UserQuery) {
      demandAdmin(actor)
      return toPage(await repository.list(filter, limit, idAfter(cursor)), limit, (row) => [row.id])
    },

    async get(actor: Actor, id: string): Promise<ManagedUser> {
      demandAdmin(actor)
      const user = await repository.managed(id)
      if (user === undefined) throw problem('NOT_FOUND', { detail: 'No such user' })
      return user
    },

    /**
     * Changes role, tier or state of an account. Disabling it, or taking its role away, ends its sessions.
     * @throws CONFLICT for the own role or state: an installation must not lose its last administrator by a slip
     */
    async update(actor: Actor, id: string, input: ManageUserBody, origin: Origin): Promise<ManagedUser> {
      demandAdmin(actor)
      if (id === actor.userId && (input.role !== undefined || input.disabled !== undefined)) {
        throw problem('CONFLICT', { detail: 'Administrators cannot change their own role or state' })
      }
      return db.transact(async (tx) => {
        const user = await repository.manage(tx, id, input)
        if (user === undefined) throw problem('NOT_FOUND', { detail: 'No such user' })
        await audit(tx.sql, {
          action: 'account.administered',
          actorId: actor.userId,
          targetId: id,
          origin,
          details: input,
        })
        if (input.disabled === true || input.role === 'user') await sessions.end(tx, id, 'administered', origin)
        const { disabledAt: _disabledAt, ...own } = user
        tx.emit({ topic: topicOf('user', id), name: 'user.updated', data: own })
        return user
      })
    },
  }
}

/** See {@link createAdministration}. */
export type Administration = ReturnType<typeof createAdministration>
