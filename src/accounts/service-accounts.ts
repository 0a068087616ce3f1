import type { AuditedAction, Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { topicOf } from '../contracts/events.ts'
import { idAfter } from '../contracts/list.ts'
import type { Actor, Operation, WorkspaceRole } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { toPage } from '../lib/cursor.ts'
import { newId } from '../lib/ids.ts'
import type { ApiKeys } from './api-keys.ts'
import type { CreateApiKeyBody } from './model.ts'
import type { CreateServiceAccountBody, ServiceAccount, UpdateServiceAccountBody } from './model-service.ts'

/** What service accounts need from outside. */
export interface ServiceAccountsDeps {
  db: Database
  apiKeys: ApiKeys
  workspaces: {
    get: (actor: Actor, id: string, operation: Operation) => Promise<unknown>
    join: (
      tx: Tx,
      actor: Actor,
      to: { id: string; userId: string; role: WorkspaceRole },
      origin?: Origin,
    ) => Promise<unknown>
    setRole: (
      actor: Actor,
      id: string,
      userId: string,
      role: 'admin' | 'member' | 'viewer',
      origin?: Origin,
    ) => Promise<unknown>
  }
}

/** Reserved (RFC 2606): mail to it goes nowhere, and nobody can prove to have it. */
const emailOf = (id: string) => `${id}@service.invalid`

/**
 * Members of a workspace that are no persons: they have a role like everybody else, API keys instead of a password, and belong to whoever
 * manages the workspace, not to who made them.
 */
export function createServiceAccounts({ db, apiKeys, workspaces }: ServiceAccountsDeps) {
  const { sql } = db
  const NEEDS: Operation = 'service-accounts:manage'

  const rows = (workspaceId: string, only: string | undefined, limit: number, after: string | undefined) => sql<
    ServiceAccount[]
  >`
    select u.id, s.workspace_id as "workspaceId", u.name, m.role, u.disabled_at as "disabledAt", s.created_by as "createdBy", s.created_at as "createdAt"
    from service_accounts s join users u on u.id = s.user_id
    join workspace_members m on m.workspace_id = s.workspace_id and m.user_id = s.user_id
    where s.workspace_id = ${workspaceId} ${only === undefined ? sql`` : sql`and s.user_id = ${only}`}
      ${after === undefined ? sql`` : sql`and s.user_id > ${after}`}
    order by s.user_id limit ${limit}`

  /** @throws NOT_FOUND, FORBIDDEN */
  async function demandAccount(actor: Actor, workspaceId: string, id: string): Promise<ServiceAccount> {
    await workspaces.get(actor, workspaceId, NEEDS)
    const [account] = await rows(workspaceId, id, 1, undefined)
    if (account === undefined) throw problem('NOT_FOUND', { detail: 'No such service account' })
    return account
  }

  const note = (
    tx: Tx,
    action: AuditedAction,
    actor: Actor,
    workspaceId: string,
    id: string,
    details: object,
    origin?: Origin,
  ) =>
    audit(tx.sql, {
      action,
      actorId: actor.userId,
      targetId: id,
      workspaceId,
      origin,
      details: details as Record<string, unknown>,
    })

  /** Its open sockets are looked at again, on all instances. */
  const cutOff = (tx: Tx, id: string, keyIds: readonly string[]) => {
    for (const keyId of keyIds) tx.emit({ topic: topicOf('user', id), name: 'api_key.revoked', data: { keyId } })
  }

  const keysOf = async (tx: Tx, id: string) =>
    (await tx.sql<{ id: string }[]>`select id from api_keys where user_id = ${id} and revoked_at is null`).map(
      (row) => row.id,
    )

  return {
    async create(
      actor: Actor,
      workspaceId: string,
      input: CreateServiceAccountBody,
      origin?: Origin,
    ): Promise<ServiceAccount> {
      await workspaces.get(actor, workspaceId, NEEDS)
      const id = newId()
      await db.transact(async (tx) => {
        await tx.sql`insert into users (id, email, name, kind) values (${id}, ${emailOf(id)}, ${input.name.trim()}, 'service')`
        await tx.sql`insert into service_accounts (user_id, workspace_id, created_by) values (${id}, ${workspaceId}, ${actor.userId})`
        await workspaces.join(tx, actor, { id: workspaceId, userId: id, role: input.role }, origin)
        await note(tx, 'service_account.created', actor, workspaceId, id, { role: input.role }, origin)
      })
      return demandAccount(actor, workspaceId, id)
    },

    async list(actor: Actor, workspaceId: string, { limit, cursor }: { limit: number; cursor?: string | undefined }) {
      await workspaces.get(actor, workspaceId, NEEDS)
      return toPage([...(await rows(workspaceId, undefined, limit + 1, idAfter(cursor)))], limit, (row) => [row.id])
    },

    get: demandAccount,

    /** Renames, disables, enables, or gives another role. Disabled, its keys are good for nothing. */
    async update(
      actor: Actor,
      workspaceId: string,
      id: string,
      input: UpdateServiceAccountBody,
      origin?: Origin,
    ): Promise<ServiceAccount> {
      const { name, role, disabled } = input
      await demandAccount(actor, workspaceId, id)
      if (role !== undefined) await workspaces.setRole(actor, workspaceId, id, role, origin)
      await db.transact(async (tx) => {
        await tx.sql`
          update users set name = coalesce(${name?.trim() ?? null}, name), version = version + 1, updated_at = now(),
            disabled_at = case ${disabled ?? null}::boolean when true then coalesce(disabled_at, now()) when false then null else disabled_at end
          where id = ${id}`
        await note(tx, 'service_account.updated', actor, workspaceId, id, input, origin)
        if (disabled === true) cutOff(tx, id, await keysOf(tx, id))
      })
      return demandAccount(actor, workspaceId, id)
    },

    /** Deletes it with its keys; what it wrote stays, without an author. */
    async remove(actor: Actor, workspaceId: string, id: string, origin?: Origin): Promise<void> {
      await demandAccount(actor, workspaceId, id)
      await db.transact(async (tx) => {
        await apiKeys.revokeAll(tx, id)
        await tx.sql`delete from users where id = ${id} and kind = 'service'`
        await note(tx, 'service_account.deleted', actor, workspaceId, id, {}, origin)
      })
    },

    async createKey(actor: Actor, workspaceId: string, id: string, input: CreateApiKeyBody, origin: Origin) {
      await demandAccount(actor, workspaceId, id)
      return apiKeys.create(actor, input, origin, id)
    },

    async listKeys(
      actor: Actor,
      workspaceId: string,
      id: string,
      query: { limit: number; cursor?: string | undefined },
    ) {
      await demandAccount(actor, workspaceId, id)
      return apiKeys.list({ userId: id }, query)
    },

    async revokeKey(actor: Actor, workspaceId: string, id: string, keyId: string, origin: Origin): Promise<void> {
      await demandAccount(actor, workspaceId, id)
      await apiKeys.revoke(actor, keyId, origin, id)
    },
  }
}

/** See {@link createServiceAccounts}. */
export type ServiceAccounts = ReturnType<typeof createServiceAccounts>
