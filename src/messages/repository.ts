import type { Sql, TransactionSql } from 'postgres'
import type { AssistantMode } from '../contracts/assistant.ts'
import { type NewEvent, type Position, topicOf } from '../contracts/events.ts'
import type { Message, ReactionCount } from '../contracts/messages.ts'
import type { ConversationAccess } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'

/** A message to be stored. `at` is the index of its event. */
export interface NewMessage {
  message: Omit<Message, 'seq'>
  at: number
}

/** What has to be known before a message may be stored. */
export interface Destination extends ConversationAccess {
  nth: number
  workspaceId: string | null
  assistant: AssistantMode
  humanMembers: number
  /** The message that was stored under this clientId before. */
  existing: string | null
  /** Whether `replyTo` is a message of the conversation. */
  replyFits: boolean
  /** The thread that a reply belongs to. */
  threadId: string | null
}

/** What is asked of {@link Destination}. */
export interface Addressed {
  conversationId: string
  userId: string
  clientId: string | undefined
  replyTo: string | undefined
}

type MessageRow = { [K in keyof Message]-?: Message[K] | null }

const filled = <T>(list: readonly T[] | null | undefined): list is T[] =>
  list !== null && list !== undefined && list.length > 0

/** Drops what is not there: optional properties are absent, never null. */
function present(found: MessageRow): Message {
  const { clientId, replyTo, threadId, replyCount, mentions, reactions, editedAt, deletedAt, ...row } = found
  return {
    ...row,
    ...(clientId !== null && { clientId }),
    ...(replyTo !== null && { replyTo }),
    ...(threadId !== null && { threadId }),
    ...(replyCount !== null && replyCount > 0 && { replyCount }),
    ...(filled(mentions) && { mentions }),
    ...(filled(reactions) && { reactions }),
    ...(editedAt !== null && { editedAt }),
    ...(deletedAt !== null && { deletedAt }),
  } as Message
}

const COLUMNS = `m.id, m.conversation_id as "conversationId", m.seq, m.role, m.author_id as "authorId", m.content,
    m.client_id as "clientId", m.reply_to as "replyTo", m.attachments, m.citations, m.status, m.version,
    m.created_at as "createdAt", m.edited_at as "editedAt", m.deleted_at as "deletedAt",
    m.thread_id as "threadId", t.replies as "replyCount", m.mentions, m.reactions`

/**
 * A page of a conversation, or of a thread ($5) in it: $1 conversation, $2 user, $3 number behind which it begins (or null), $4 rows. The right to read is asked once, before
 * any row; joined to the rows it would be asked for each, and without statistics (a new database) the whole conversation be sorted.
 */
const page = (direction: 'asc' | 'desc', thread = false) => `
  select ${COLUMNS}
  from messages m left join message_threads t on t.root_id = m.id
  where m.conversation_id = $1 ${thread ? 'and m.thread_id = $5' : ''}
    and ${direction === 'desc' ? 'm.seq < coalesce($3::bigint, 9223372036854775807)' : 'm.seq > coalesce($3::bigint, -1)'}
    and (
      select true from conversations c
      join workspaces w on w.id = c.workspace_id and w.deleted_at is null
      where c.id = $1 and c.deleted_at is null and (
        exists (select 1 from workspace_members wm where wm.workspace_id = c.workspace_id and wm.user_id = $2)
        or exists (select 1 from conversation_members cm where cm.conversation_id = c.id and cm.user_id = $2)
      )
    )
  order by m.seq ${direction} limit $4`

type MessageColumns = [
  id: string,
  conversationId: string,
  seq: number,
  role: Message['role'],
  authorId: string | null,
  content: string,
  clientId: string | null,
  replyTo: string | null,
  attachments: string[],
  citations: Message['citations'],
  status: Message['status'],
  version: number,
  createdAt: string,
  editedAt: string | null,
  deletedAt: string | null,
  threadId: string | null,
  replyCount: number | null,
  mentions: string[],
  reactions: ReactionCount[],
]

/** All messages of a page have the same shape, so what is not there is undefined, not absent. */
const toMessage = (columns: MessageColumns): Message => ({
  id: columns[0],
  conversationId: columns[1],
  seq: columns[2],
  role: columns[3],
  authorId: columns[4],
  content: columns[5],
  clientId: columns[6] ?? undefined,
  replyTo: columns[7] ?? undefined,
  attachments: columns[8],
  citations: columns[9],
  status: columns[10],
  version: columns[11],
  createdAt: columns[12],
  editedAt: columns[13] ?? undefined,
  deletedAt: columns[14] ?? undefined,
  threadId: columns[15] ?? undefined,
  replyCount: columns[16] || undefined,
  mentions: filled(columns[17]) ? columns[17] : undefined,
  reactions: filled(columns[18]) ? columns[18] : undefined,
})

/** SQL of messages. */
export function createMessageRepository({ sql, prepared }: Database) {
  const before = prepared(page('desc'), toMessage)
  const after = prepared(page('asc'), toMessage)
  const threads = { asc: prepared(page('asc', true), toMessage), desc: prepared(page('desc', true), toMessage) }
  // A subselect instead of the join, for "returning".
  const columns = sql.unsafe(
    COLUMNS.replace('t.replies', '(select t.replies from message_threads t where t.root_id = m.id)'),
  )
  const standing = (userId: string) => sql`
    join conversations c on c.id = m.conversation_id and c.deleted_at is null
    join workspaces w on w.id = c.workspace_id and w.deleted_at is null
    left join workspace_members wm on wm.workspace_id = c.workspace_id and wm.user_id = ${userId}
    left join conversation_members cm on cm.conversation_id = c.id and cm.user_id = ${userId}`

  return {
    /** Looks at where messages are to go: one row for each, in their order. */
    look: (items: readonly Addressed[]) =>
      sql<Destination[]>`
        select g.nth::int, c.workspace_id as "workspaceId", c.assistant, wm.role as "workspaceRole", cm.role as "memberRole",
          case when c.assistant = 'auto' then
            (select count(*)::int from conversation_members h where h.conversation_id = c.id) + (cm.role is null)::int else 0
          end as "humanMembers",
          e.id as existing, g.reply_to is null or r.id is not null as "replyFits", coalesce(r.thread_id, r.id) as "threadId"
        from unnest(
          ${sql.array(items.map(({ conversationId }) => conversationId))}::uuid[],
          ${sql.array(items.map(({ userId }) => userId))}::uuid[],
          ${sql.array(items.map(({ clientId }) => clientId ?? null) as string[])}::text[],
          ${sql.array(items.map(({ replyTo }) => replyTo ?? null) as string[])}::uuid[]
        ) with ordinality as g(conversation_id, user_id, client_id, reply_to, nth)
        left join conversations c on c.id = g.conversation_id and c.deleted_at is null
          and exists (select 1 from workspaces w where w.id = c.workspace_id and w.deleted_at is null)
        left join workspace_members wm on wm.workspace_id = c.workspace_id and wm.user_id = g.user_id
        left join conversation_members cm on cm.conversation_id = c.id and cm.user_id = g.user_id
        left join messages e on e.conversation_id = c.id and e.author_id = g.user_id and e.client_id = g.client_id
        left join messages r on r.id = g.reply_to and r.conversation_id = c.id
        order by g.nth`,

    /** Numbers and stores events together with the messages that they tell of, in one statement. Answers where the events stand. */
    store: (run: Sql | TransactionSql, events: readonly NewEvent[], items: readonly NewMessage[]) =>
      run<Position[]>`
        with told as (
          select e.epoch, e.seq, e.nth from emit_events(
            ${sql.array(events.map(({ topic }) => topic))}::text[],
            ${sql.array(events.map(({ name }) => name))}::text[],
            ${sql.array(events.map(({ data }) => JSON.stringify(data)))}::text[]::jsonb[]
          ) with ordinality as e(epoch, seq, nth)
        ), made as (
          insert into messages (id, conversation_id, seq, role, author_id, content, client_id, reply_to, thread_id, attachments, mentions, created_at)
          select g.id, g.conversation_id, told.seq, 'user', g.author_id, g.content, g.client_id, g.reply_to, g.thread_id, g.attachments, g.mentions, g.at
          from unnest(
            ${sql.array(items.map(({ message }) => message.id))}::uuid[],
            ${sql.array(items.map(({ message }) => message.conversationId))}::uuid[],
            ${sql.array(items.map(({ message }) => message.authorId) as string[])}::uuid[],
            ${sql.array(items.map(({ message }) => message.content))}::text[],
            ${sql.array(items.map(({ message }) => message.clientId ?? null) as string[])}::text[],
            ${sql.array(items.map(({ message }) => message.replyTo ?? null) as string[])}::uuid[],
            ${sql.array(items.map(({ message }) => message.threadId ?? null) as string[])}::uuid[],
            ${sql.array(items.map(({ message }) => JSON.stringify(message.attachments)))}::text[]::jsonb[],
            ${sql.array(items.map(({ message }) => JSON.stringify(message.mentions ?? [])))}::text[]::jsonb[],
            ${sql.array(items.map(({ message }) => message.createdAt))}::text[]::timestamptz[],
            ${sql.array(items.map(({ at }) => at + 1))}::int[]
          ) as g(id, conversation_id, author_id, content, client_id, reply_to, thread_id, attachments, mentions, at, nth)
          join told on told.nth = g.nth
        )
        select epoch, seq from told order by nth`,

    /** A message together with the standing of a user towards its conversation. */
    async find(id: string, userId: string): Promise<{ message: Message; access: ConversationAccess } | undefined> {
      const [row] = await sql<(MessageRow & ConversationAccess)[]>`
        select ${columns}, wm.role as "workspaceRole", cm.role as "memberRole" from messages m ${standing(userId)}
        where m.id = ${id} and (wm.role is not null or cm.role is not null)`
      if (row === undefined) return undefined
      const { workspaceRole, memberRole, ...message } = row
      return { message: present(message), access: { workspaceRole, memberRole } }
    },

    async byClientId(conversationId: string, userId: string, clientId: string): Promise<Message | undefined> {
      const [row] = await sql<MessageRow[]>`
        select ${columns} from messages m
        where m.conversation_id = ${conversationId} and m.author_id = ${userId} and m.client_id = ${clientId}`
      return row && present(row)
    },

    /** Messages of a conversation that the user may read, from behind a number on. Empty for an outsider too. */
    list: async (
      conversationId: string,
      userId: string,
      limit: number,
      from: number | undefined,
      newestFirst: boolean,
    ) => {
      return (newestFirst ? before : after)(conversationId, userId, from ?? null, limit)
    },

    /** The same for one thread: what stands below its first message. */
    thread: (
      conversationId: string,
      userId: string,
      limit: number,
      from: number | undefined,
      order: 'asc' | 'desc',
      threadId: string,
    ) => threads[order](conversationId, userId, from ?? null, limit, threadId),

    /** Changes the content if the message still has that version. */
    async edit(tx: Tx, id: string, version: number, content: string, mentions: string[]): Promise<Message | undefined> {
      const [row] = await tx.sql<MessageRow[]>`
        update messages m set content = ${content}, mentions = ${JSON.stringify(mentions)}::text::jsonb, version = version + 1, edited_at = now()
        where id = ${id} and version = ${version} and deleted_at is null returning ${columns}`
      return row && present(row)
    },

    /** Leaves a tombstone: the place in the conversation stays, what was said is gone, from the events of the past too. */
    async remove(tx: Tx, id: string, version: number): Promise<Message | undefined> {
      const [row] = await tx.sql<MessageRow[]>`
        update messages m set content = '', attachments = '[]', citations = '[]', mentions = '[]', reactions = '[]',
          version = version + 1, deleted_at = now()
        where id = ${id} and version = ${version} and deleted_at is null returning ${columns}`
      if (row === undefined) return undefined
      const tombstone = present(row)
      const [topic, data] = [topicOf('conversation', tombstone.conversationId), JSON.stringify(tombstone)]
      await tx.sql`delete from message_reactions where message_id = ${id}`
      await tx.sql`update events set data = ${data}::text::jsonb where topic = ${topic} and seq = ${tombstone.seq}`
      await tx.sql`
        update events set data = ${data}::text::jsonb where topic = ${topic} and data ->> 'id' = ${id}
          and name in ('message.updated', 'reply.completed', 'reply.stopped', 'reply.failed')`
      return tombstone
    },
  }
}
