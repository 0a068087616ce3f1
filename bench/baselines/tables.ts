import { bigint, integer, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** The baselines' tables: the records that Parley's routes answer with, without anything round them. */
export const conversations = pgTable('conversations', {
  id: uuid('id').primaryKey(),
  workspaceId: uuid('workspace_id').notNull(),
  title: text('title').notNull(),
  assistant: text('assistant').notNull(),
  createdBy: uuid('created_by').notNull(),
  version: integer('version').notNull(),
  createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
  updatedAt: timestamp('updated_at', { withTimezone: true, mode: 'string' }).notNull(),
})

export const messages = pgTable('messages', {
  id: uuid('id').primaryKey(),
  conversationId: uuid('conversation_id').notNull(),
  seq: bigint('seq', { mode: 'number' }).notNull(),
  role: text('role').notNull(),
  authorId: uuid('author_id'),
  content: text('content').notNull(),
  clientId: text('client_id'),
  replyTo: uuid('reply_to'),
  status: text('status').notNull(),
  attachments: jsonb('attachments').$type<unknown[]>().notNull(),
  citations: jsonb('citations').$type<unknown[]>().notNull(),
  version: integer('version').notNull(),
  createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
  editedAt: timestamp('edited_at', { withTimezone: true, mode: 'string' }),
  deletedAt: timestamp('deleted_at', { withTimezone: true, mode: 'string' }),
})

/** What a generated migration of the two tables would say. */
export const createTables = `
  create table conversations (
    id uuid primary key, workspace_id uuid not null, title text not null, assistant text not null,
    created_by uuid not null, version integer not null, created_at timestamptz not null, updated_at timestamptz not null);
  create table messages (
    id uuid primary key, conversation_id uuid not null references conversations, seq bigint not null, role text not null,
    author_id uuid, content text not null, client_id text, reply_to uuid, status text not null, attachments jsonb not null,
    citations jsonb not null, version integer not null, created_at timestamptz not null, edited_at timestamptz,
    deleted_at timestamptz, unique (conversation_id, seq));
`
