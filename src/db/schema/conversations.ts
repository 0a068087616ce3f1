import { sql } from 'drizzle-orm'
import { bigint, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, time, updatedAt } from './columns.ts'
import { users } from './users.ts'
import { workspaces } from './workspaces.ts'

/** Conversations of a workspace. */
export const conversations = pgTable(
  'conversations',
  {
    id: id(),
    workspaceId: uuid()
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    title: text().notNull(),
    /** When the assistant answers. */
    assistant: text().$type<'auto' | 'always' | 'mention' | 'off'>().notNull().default('auto'),
    createdBy: uuid().references(() => users.id, { onDelete: 'set null' }),
    version: integer().notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: time(),
  },
  (table) => [index('conversations_workspace').on(table.workspaceId, table.id)],
)

/** Who takes part in a conversation. */
export const conversationMembers = pgTable(
  'conversation_members',
  {
    conversationId: uuid()
      .notNull()
      .references(() => conversations.id, { onDelete: 'cascade' }),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    role: text().$type<'owner' | 'member' | 'guest'>().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.conversationId, table.userId] }),
    index('conversation_members_user').on(table.userId, table.conversationId),
  ],
)

/** How far somebody has read, who need not be a member: reading gives no rights, and leaving takes no memory away. */
export const readMarkers = pgTable(
  'read_markers',
  {
    conversationId: uuid()
      .notNull()
      .references(() => conversations.id, { onDelete: 'cascade' }),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    seq: bigint({ mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.conversationId, table.userId] }),
    index('read_markers_user').on(table.userId),
  ],
)

/** A passage that an answer rests on. */
export interface StoredCitation {
  uploadId: string | null
  path: string
  startLine: number
  endLine: number
  nodeId?: string
  quote: string
}

/** Messages of people and of the assistant. `seq` is that of its first event on the topic `conversation:<id>`. */
export const messages = pgTable(
  'messages',
  {
    id: id(),
    conversationId: uuid()
      .notNull()
      .references(() => conversations.id, { onDelete: 'cascade' }),
    seq: bigint({ mode: 'number' }).notNull(),
    role: text().$type<'user' | 'assistant' | 'system'>().notNull(),
    authorId: uuid().references(() => users.id, { onDelete: 'set null' }),
    content: text().notNull(),
    clientId: text(),
    replyTo: uuid(),
    /** The message that its thread began with; none for a message that answers nothing. */
    threadId: uuid(),
    /** Users it calls. */
    mentions: jsonb().$type<string[]>().notNull().default([]),
    /** How many have reacted with what: always the sum of `message_reactions`. */
    reactions: jsonb().$type<{ emoji: string; count: number }[]>().notNull().default([]),
    attachments: jsonb().$type<string[]>().notNull().default([]),
    citations: jsonb().$type<StoredCitation[]>().notNull().default([]),
    status: text().$type<'complete' | 'streaming' | 'stopped' | 'failed'>().notNull().default('complete'),
    version: integer().notNull().default(1),
    createdAt: createdAt(),
    editedAt: time(),
    deletedAt: time(),
  },
  (table) => [
    uniqueIndex('messages_conversation_seq').on(table.conversationId, table.seq),
    uniqueIndex('messages_client_id')
      .on(table.conversationId, table.authorId, table.clientId)
      .where(sql`${table.clientId} is not null`),
    index('messages_content_search').using('gin', sql`to_tsvector('simple', ${table.content})`),
    index('messages_attachments')
      .using('gin', sql`${table.attachments} jsonb_path_ops`)
      .where(sql`${table.attachments} <> '[]'`),
    index('messages_thread').on(table.threadId, table.seq).where(sql`${table.threadId} is not null`),
  ],
)

/** Who has reacted to what, once for each emoji. */
export const messageReactions = pgTable(
  'message_reactions',
  {
    id: id(),
    messageId: uuid()
      .notNull()
      .references(() => messages.id, { onDelete: 'cascade' }),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    emoji: text().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    uniqueIndex('message_reactions_once').on(table.messageId, table.userId, table.emoji),
    index('message_reactions_message').on(table.messageId, table.id),
    index('message_reactions_user').on(table.userId),
  ],
)

/** How many living messages a thread has below its first. Counted by a trigger of `messages` at the end of the writing transaction. */
export const messageThreads = pgTable('message_threads', {
  rootId: uuid()
    .primaryKey()
    .references(() => messages.id, { onDelete: 'cascade' }),
  replies: integer().notNull(),
})
