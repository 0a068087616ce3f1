import type { Position } from '../contracts/events.ts'
import type { Message } from '../contracts/messages.ts'
import { rolesInConversation } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'

/** A message that is nothing but text, on its way, and the event that tells of it. */
export interface PlainMessage {
  message: Omit<Message, 'seq' | 'authorId'> & { authorId: string }
  topic: string
  data: object
}

/** Where a plain message was stored: the place in the list, and that of its event. */
export type StoredPlain = Position & { nth: number }

const ROLES = rolesInConversation('conversations:write')

/**
 * Makes the store of plain messages: standing, repetition and reply are looked at in the statement that stores, so that the usual message costs one
 * journey to the database instead of two. Answers only those that were stored; all others (not allowed, stored before, or due a reply of the
 * assistant) are left to those who can say why.
 */
export function createPlainStore({ sql }: Pick<Database, 'sql'>) {
  return (items: readonly PlainMessage[]) =>
    sql<StoredPlain[]>`
      with given as (
        select * from unnest(
          ${sql.array(items.map(({ message }) => message.id))}::uuid[],
          ${sql.array(items.map(({ message }) => message.conversationId))}::uuid[],
          ${sql.array(items.map(({ message }) => message.authorId))}::uuid[],
          ${sql.array(items.map(({ message }) => message.content))}::text[],
          ${sql.array(items.map(({ message }) => message.clientId ?? null) as string[])}::text[],
          ${sql.array(items.map(({ message }) => message.createdAt))}::text[]::timestamptz[],
          ${sql.array(items.map(({ topic }) => topic))}::text[],
          ${sql.array(items.map(({ data }) => JSON.stringify(data)))}::text[]::jsonb[]
        ) with ordinality as g(id, conversation_id, author_id, content, client_id, at, topic, data, nth)
      ), fit as (
        select given.*, row_number() over (order by given.nth) as k from given
        join conversations c on c.id = given.conversation_id and c.deleted_at is null
        join workspaces w on w.id = c.workspace_id and w.deleted_at is null
        left join workspace_members wm on wm.workspace_id = c.workspace_id and wm.user_id = given.author_id
        left join conversation_members cm on cm.conversation_id = c.id and cm.user_id = given.author_id
        where (wm.role = any(${sql.array(ROLES.workspace)}::text[]) or cm.role = any(${sql.array(ROLES.member)}::text[]))
          and not exists (
            select 1 from messages e
            where e.conversation_id = given.conversation_id and e.author_id = given.author_id and e.client_id = given.client_id)
          and case c.assistant
            when 'always' then false
            when 'auto' then
              (select count(*) from conversation_members h where h.conversation_id = c.id) + (cm.role is null)::int > 1
            else true end
      ), told as (
        select * from emit_events(
          (select array_agg(topic order by k) from fit),
          (select array_agg('message.created'::text) from fit),
          (select array_agg(data order by k) from fit)
        ) with ordinality as e(epoch, seq, k)
      ), made as (
        insert into messages (id, conversation_id, seq, role, author_id, content, client_id, created_at)
        select fit.id, fit.conversation_id, told.seq, 'user', fit.author_id, fit.content, fit.client_id, fit.at from fit join told using (k)
      )
      select fit.nth::int, told.epoch, told.seq from fit join told using (k) order by k`
}
