import type { WorkspaceRole } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import type { Workspace, WorkspaceMember } from './model.ts'

/** SQL of workspaces and their members. */
export function createWorkspaceRepository({ sql }: Database) {
  const columns = sql`w.id, w.name, w.personal, w.version, w.created_at as "createdAt", w.updated_at as "updatedAt"`
  const memberColumns = sql`m.workspace_id as "workspaceId", m.user_id as "userId", u.name, u.email, m.role, m.created_at as "createdAt"`

  return {
    async insert(tx: Tx, row: { id: string; name: string; personal: boolean; createdBy: string }): Promise<Workspace> {
      const [workspace] = await tx.sql<Workspace[]>`
        with made as (
          insert into workspaces (id, name, personal, created_by) values (${row.id}, ${row.name}, ${row.personal}, ${row.createdBy}) returning *
        ), joined as (
          insert into workspace_members (workspace_id, user_id, role) values (${row.id}, ${row.createdBy}, 'owner')
        )
        select ${columns}, 'owner' as role from made w`
      return workspace as Workspace
    },

    /** A workspace that the user belongs to. */
    async ofMember(id: string, userId: string): Promise<Workspace | undefined> {
      const [row] = await sql<Workspace[]>`
        select ${columns}, m.role from workspaces w join workspace_members m on m.workspace_id = w.id and m.user_id = ${userId}
        where w.id = ${id} and w.deleted_at is null`
      return row
    },

    async personalOf(userId: string): Promise<string | undefined> {
      const [row] = await sql<{ id: string }[]>`
        select id from workspaces where created_by = ${userId} and personal
        union all select workspace_id from service_accounts where user_id = ${userId} limit 1`
      return row?.id
    },

    async roleOf(userId: string, id: string): Promise<WorkspaceRole | undefined> {
      const [row] = await sql<{ role: WorkspaceRole }[]>`
        select m.role from workspace_members m join workspaces w on w.id = m.workspace_id and w.deleted_at is null
        where m.workspace_id = ${id} and m.user_id = ${userId}`
      return row?.role
    },

    list: (userId: string, limit: number, after: string | undefined) =>
      sql<Workspace[]>`
        select ${columns}, m.role from workspace_members m join workspaces w on w.id = m.workspace_id and w.deleted_at is null
        where m.user_id = ${userId} ${after === undefined ? sql`` : sql`and m.workspace_id > ${after}`}
        order by m.workspace_id limit ${limit + 1}`,

    /** Changes it if it still has that version. */
    async update(tx: Tx, id: string, version: number, name: string): Promise<Omit<Workspace, 'role'> | undefined> {
      const [row] = await tx.sql<Omit<Workspace, 'role'>[]>`
        update workspaces w set name = ${name}, version = version + 1, updated_at = now()
        where id = ${id} and deleted_at is null and version = ${version} returning ${columns}`
      return row
    },

    async remove(tx: Tx, id: string, version: number): Promise<boolean> {
      const rows = await tx.sql`
        update workspaces set deleted_at = now(), version = version + 1, updated_at = now()
        where id = ${id} and deleted_at is null and version = ${version} returning id`
      return rows.length > 0
    },

    /** A deleted workspace of its owner that can still be restored, locked. */
    async deletedOf(tx: Tx, id: string, userId: string, days: number): Promise<Workspace | undefined> {
      const [row] = await tx.sql<Workspace[]>`
        select ${columns}, m.role from workspaces w join workspace_members m on m.workspace_id = w.id and m.user_id = ${userId}
        where w.id = ${id} and w.deleted_at > now() - make_interval(days => ${days}) for update of w`
      return row
    },

    async restore(tx: Tx, id: string): Promise<Omit<Workspace, 'role'>> {
      const [row] = await tx.sql<Omit<Workspace, 'role'>[]>`
        update workspaces w set deleted_at = null, version = version + 1, updated_at = now() where id = ${id} returning ${columns}`
      return row as Omit<Workspace, 'role'>
    },

    /** Deleted workspaces that somebody owns and can still restore. */
    deleted: (userId: string, days: number, limit: number, after: string | undefined) =>
      sql<(Workspace & { deletedAt: string })[]>`
        select ${columns}, m.role, w.deleted_at as "deletedAt" from workspace_members m
        join workspaces w on w.id = m.workspace_id and w.deleted_at > now() - make_interval(days => ${days})
        where m.user_id = ${userId} and m.role = 'owner' ${after === undefined ? sql`` : sql`and m.workspace_id > ${after}`}
        order by m.workspace_id limit ${limit + 1}`,

    async memberIds(tx: Tx, id: string): Promise<string[]> {
      const rows = await tx.sql<{ userId: string }[]>`
        select user_id as "userId" from workspace_members where workspace_id = ${id}`
      return rows.map(({ userId }) => userId)
    },

    /** Whether somebody is no person, and so can own nothing. */
    async isService(userId: string): Promise<boolean> {
      const rows = await sql`select 1 from users where id = ${userId} and kind = 'service'`
      return rows.length > 0
    },

    async findUser(key: { userId?: string | undefined; email?: string | undefined }): Promise<string | undefined> {
      const [row] =
        key.userId === undefined
          ? await sql<
              { id: string }[]
            >`select id from users where lower(email) = lower(${key.email ?? ''}) and disabled_at is null and kind = 'person'`
          : await sql<
              { id: string }[]
            >`select id from users where id = ${key.userId} and disabled_at is null and kind = 'person'`
      return row?.id
    },

    /** False when it is a member already. */
    async addMember(tx: Tx, id: string, userId: string, role: WorkspaceRole): Promise<boolean> {
      const rows = await tx.sql`
        insert into workspace_members (workspace_id, user_id, role) values (${id}, ${userId}, ${role}) on conflict do nothing returning user_id`
      return rows.length > 0
    },

    async member(tx: Tx, id: string, userId: string): Promise<WorkspaceMember | undefined> {
      const [row] = await tx.sql<WorkspaceMember[]>`
        select ${memberColumns} from workspace_members m join users u on u.id = m.user_id where m.workspace_id = ${id} and m.user_id = ${userId}
        for update of m`
      return row
    },

    setRole: (tx: Tx, id: string, userId: string, role: WorkspaceRole) =>
      tx.sql`update workspace_members set role = ${role} where workspace_id = ${id} and user_id = ${userId}`,

    removeMember: (tx: Tx, id: string, userId: string) =>
      tx.sql`delete from workspace_members where workspace_id = ${id} and user_id = ${userId}`,

    members: (id: string, limit: number, after: string | undefined) =>
      sql<WorkspaceMember[]>`
        select ${memberColumns} from workspace_members m join users u on u.id = m.user_id
        where m.workspace_id = ${id} ${after === undefined ? sql`` : sql`and m.user_id > ${after}`}
        order by m.user_id limit ${limit + 1}`,
  }
}
