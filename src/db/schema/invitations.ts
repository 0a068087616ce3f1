import { sql } from 'drizzle-orm'
import { check, index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { WorkspaceRole } from '../../contracts/policy.ts'
import { createdAt, id, time } from './columns.ts'
import { conversations } from './conversations.ts'
import { users } from './users.ts'
import { workspaces } from './workspaces.ts'

/** Invitations by email into a workspace or, as a guest, into one conversation. The token is in the mail; here is only its SHA-256. */
export const invitations = pgTable(
  'invitations',
  {
    id: id(),
    workspaceId: uuid().references(() => workspaces.id, { onDelete: 'cascade' }),
    conversationId: uuid().references(() => conversations.id, { onDelete: 'cascade' }),
    email: text().notNull(),
    /** Of the workspace; null for a conversation, where they become a guest. */
    role: text().$type<WorkspaceRole>(),
    tokenHash: text().notNull(),
    invitedBy: uuid().references(() => users.id, { onDelete: 'set null' }),
    expiresAt: time().notNull(),
    acceptedAt: time(),
    revokedAt: time(),
    createdAt: createdAt(),
  },
  (table) => [
    uniqueIndex('invitations_token').on(table.tokenHash),
    // One open invitation a place and person: a new one replaces it.
    uniqueIndex('invitations_open')
      .on(sql`coalesce(${table.workspaceId}, ${table.conversationId})`, sql`lower(${table.email})`)
      .where(sql`${table.acceptedAt} is null and ${table.revokedAt} is null`),
    index('invitations_workspace').on(table.workspaceId, table.id),
    index('invitations_conversation').on(table.conversationId, table.id),
    index('invitations_invited_by').on(table.invitedBy),
    check('invitations_place', sql`(${table.workspaceId} is null) <> (${table.conversationId} is null)`),
  ],
)
