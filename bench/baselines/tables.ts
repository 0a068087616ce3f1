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
  status: text('status').notNull(),
  attachments: jsonb('attachments').$type<unknown[]>().notNull(),
  citations: jsonb('citations').$type<unknown[]>().notNull(),
  createdAt: timestamp('created_at', { withTimezone: true, mode: 'string' }).notNull(),
})

/** What a generated migration of the two tables would say. */
export const createTables = `
  create table conversations (
    id uuid primary key, workspace_id uuid not null, title text not null, assistant text not null,
    created_by uuid not null, version integer not null, created_at timestamptz not null, updated_at timestamptz not null);
  create table messages (
    id uuid primary key, conversation_id uuid not null references conversations, seq bigint not null, role text not null,
    author_id uuid, content text not null, status text not null, attachments jsonb not null, citations jsonb not null,
    created_at timestamptz not null, unique (conversation_id, seq));
`
