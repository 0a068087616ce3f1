import type { WorkspaceRole } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import type { Invitation, InvitationPreview } from './model.ts'

/** Where an invitation leads: exactly one of them. */
export type Place = { workspaceId: string } | { conversationId: string }

/** An invitation as its token finds it. */
export interface FoundInvitation {
  id: string
  workspaceId: string | null
  conversationId: string | null
  email: string
  role: WorkspaceRole | null
  invitedBy: string | null
}

/** SQL of invitations. */
export function createInvitationRepository({ sql }: Database) {
  const columns = sql`i.id, i.workspace_id as "workspaceId", i.conversation_id as "conversationId", i.email, i.role,
    i.invited_by as "invitedBy", i.expires_at as "expiresAt", i.created_at as "createdAt"`
  const open = sql`i.accepted_at is null and i.revoked_at is null and i.expires_at > now()`
  const at = (place: Place) =>
    'workspaceId' in place
      ? sql`i.workspace_id = ${place.workspaceId}`
      : sql`i.conversation_id = ${place.conversationId}`
  /** The place must still be there. */
  const alive = sql`
    left join conversations c on c.id = i.conversation_id and c.deleted_at is null
    join workspaces w on w.id = coalesce(i.workspace_id, c.workspace_id) and w.deleted_at is null`

  return {
    /** Makes an invitation; one that was open for the same person and place is taken back. */
    async insert(
      tx: Tx,
      row: {
        id: string
        place: Place
        email: string
        role: WorkspaceRole | null
        tokenHash: string
        invitedBy: string
        ttl: number
      },
    ): Promise<Invitation> {
      const { workspaceId = null, conversationId = null } = row.place as Partial<Record<string, string>>
      await tx.sql`
        update invitations i set revoked_at = now()
        where ${at(row.place)} and lower(email) = lower(${row.email}) and accepted_at is null and revoked_at is null`
      const [made] = await tx.sql<Invitation[]>`
        insert into invitations as i (id, workspace_id, conversation_id, email, role, token_hash, invited_by, expires_at)
        values (${row.id}, ${workspaceId}, ${conversationId}, ${row.email}, ${row.role}, ${row.tokenHash}, ${row.invitedBy},
                now() + make_interval(secs => ${row.ttl}))
        returning ${columns}`
      return made as Invitation
    },

    list: (place: Place, limit: number, after: string | undefined) =>
      sql<Invitation[]>`
        select ${columns} from invitations i where ${at(place)} and ${open} ${after === undefined ? sql`` : sql`and i.id > ${after}`}
        order by i.id limit ${limit + 1}`,

    /** False when it is not open, or not of that place. */
    async revoke(tx: Tx, place: Place, id: string): Promise<boolean> {
      const rows = await tx.sql`
        update invitations i set revoked_at = now() where id = ${id} and ${at(place)} and ${open} returning id`
      return rows.length > 0
    },

    async preview(tokenHash: string): Promise<InvitationPreview | undefined> {
      const [row] = await sql<InvitationPreview[]>`
        select coalesce(c.title, w.name) as place, case when i.workspace_id is null then 'conversation' else 'workspace' end as kind, i.role,
          u.name as inviter, i.email, i.expires_at as "expiresAt"
        from invitations i ${alive} left join users u on u.id = i.invited_by
        where i.token_hash = ${tokenHash} and ${open}`
      return row
    },

    /** Uses an invitation up, in one statement: of many at a time, one gets it. */
    async take(tx: Tx, tokenHash: string, email: string): Promise<FoundInvitation | undefined> {
      const [row] = await tx.sql<FoundInvitation[]>`
        update invitations i set accepted_at = now()
        where i.token_hash = ${tokenHash} and ${open} and lower(i.email) = lower(${email})
          and exists (select 1 from invitations x
            left join conversations c on c.id = x.conversation_id and c.deleted_at is null
            join workspaces w on w.id = coalesce(x.workspace_id, c.workspace_id) and w.deleted_at is null where x.id = i.id)
        returning i.id, i.workspace_id as "workspaceId", i.conversation_id as "conversationId", i.email, i.role, i.invited_by as "invitedBy"`
      return row
    },

    /** Name and email of somebody, and what the place is called. */
    async names(userId: string, place: Place): Promise<{ inviter: string; place: string }> {
      const name =
        'workspaceId' in place
          ? sql`(select name from workspaces where id = ${place.workspaceId})`
          : sql`(select title from conversations where id = ${place.conversationId})`
      const [row] = await sql<{ inviter: string; place: string }[]>`
        select u.name as inviter, ${name} as place from users u where u.id = ${userId}`
      return row as { inviter: string; place: string }
    },

    async emailOf(userId: string): Promise<string | undefined> {
      const [row] = await sql<{ email: string }[]>`select email from users where id = ${userId}`
      return row?.email
    },

    /** Whether somebody with that email belongs to the workspace already. */
    async isMember(email: string, workspaceId: string): Promise<boolean> {
      const rows = await sql`
        select 1 from users u join workspace_members m on m.user_id = u.id
        where lower(u.email) = lower(${email}) and m.workspace_id = ${workspaceId}`
      return rows.length > 0
    },
  }
}
