import type { Sql, TransactionSql } from 'postgres'
import type { Citation, Message } from '../contracts/messages.ts'
import type { ModelTurn } from '../contracts/model.ts'

/** A reply's row. */
export interface ReplyRow {
  id: string
  conversationId: string
  seq: number
  content: string
  replyTo: string | null
  threadId: string | null
  citations: Citation[]
  status: Message['status']
  version: number
  createdAt: string
}

/** What a reply is written from. */
export interface ReplyContext {
  workspaceId: string
  /** The messages of people since the reply before, oldest first: together they are the question. */
  questions: { content: string; attachments: string[] }[]
  history: ModelTurn[]
  /** Uploads that were attached anywhere in the conversation, the newest first. */
  uploads: string[]
  /** Whether who asked takes part in the conversation. */
  member: boolean
}

/** A message of a person that can be answered. */
export interface Question {
  messageId: string
  conversationId: string
  workspaceId: string
  threadId: string
  content: string
}

/** The key under which at most one reply of a conversation waits. */
export const waitingKey = (conversationId: string): string => `reply:${conversationId}`

interface Turn {
  id: string
  seq: number
  role: 'user' | 'assistant'
  content: string
  attachments: string[]
  status: Message['status']
}

interface Ending {
  status: Exclude<Message['status'], 'streaming'>
  content: string | undefined
  fallback: string
  citations: Citation[]
}

/** How many earlier messages a model sees. */
const HISTORY = 30
const MAX_UPLOADS = 50

/** The SQL of replies: rows of the assistant in `messages`, from their placeholder to their end. */
export function createReplyRepository(sql: Sql<{ bigint: number }>) {
  const columns = (on: Sql | TransactionSql | Sql<{ bigint: number }>) => on`
    id, conversation_id as "conversationId", seq, content, reply_to as "replyTo", thread_id as "threadId", citations, status, version, created_at as "createdAt"`

  /** The messages before the next reply, the newest {@link HISTORY} of them, in order. */
  const recent = (reply: ReplyRow) => sql<Turn[]>`
    select * from (
      select id, seq, role, content, attachments, status from messages
      where conversation_id = ${reply.conversationId} and deleted_at is null and id <> ${reply.id} and role <> 'system'
        and seq < coalesce((select min(seq) from messages where conversation_id = ${reply.conversationId}
          and role = 'assistant' and seq > ${reply.seq}), ${Number.MAX_SAFE_INTEGER})
      order by seq desc limit ${HISTORY}) newest order by seq`

  return {
    async find(id: string): Promise<ReplyRow | undefined> {
      const [row] = await sql<ReplyRow[]>`
        select ${columns(sql)} from messages where id = ${id} and role = 'assistant' and deleted_at is null`
      return row
    },

    /** Stores the waiting message. */
    async insert(
      tx: TransactionSql,
      row: Omit<ReplyRow, 'content' | 'citations' | 'status' | 'version'>,
    ): Promise<void> {
      await tx`
        insert into messages (id, conversation_id, seq, role, content, reply_to, thread_id, status, created_at)
        values (${row.id}, ${row.conversationId}, ${row.seq}, 'assistant', '', ${row.replyTo}, ${row.threadId}, 'streaming', ${row.createdAt})`
    },

    /** What has been written so far, for whoever comes to it meanwhile. False when the reply is at its end. */
    async checkpoint(id: string, content: string): Promise<boolean> {
      const rows =
        await sql`update messages set content = ${content} where id = ${id} and status = 'streaming' returning 1`
      return rows.length === 1
    },

    /** Ends a reply, once: undefined when it has ended before. Without `content` what was written so far stays, or else `fallback`. */
    async finish(tx: TransactionSql, id: string, end: Ending): Promise<ReplyRow | undefined> {
      const [row] = await tx<ReplyRow[]>`
        update messages set status = ${end.status}, version = version + 1,
          content = coalesce(${end.content || null}, nullif(content, ''), ${end.fallback}),
          citations = ${JSON.stringify(end.citations)}::text::jsonb
        where id = ${id} and status = 'streaming' returning ${columns(tx)}`
      return row
    },

    /** What the reply answers, seen with the eyes of who asked. */
    async context(reply: ReplyRow, userId: string): Promise<ReplyContext | undefined> {
      const [conversation] = await sql<{ workspaceId: string; member: boolean }[]>`
        select workspace_id as "workspaceId", exists(
          select from conversation_members where conversation_id = ${reply.conversationId} and user_id = ${userId}) as member
        from conversations where id = ${reply.conversationId} and deleted_at is null`
      if (!conversation) return undefined
      const rows = await recent(reply)
      const uploads = await sql<{ id: string }[]>`
        select upload as id, max(seq) as at from messages, jsonb_array_elements_text(attachments) as upload
        where conversation_id = ${reply.conversationId} and deleted_at is null
        group by upload order by at desc limit ${MAX_UPLOADS}`
      return { ...conversation, ...split(rows, reply), uploads: uploads.map((row) => row.id) }
    },

    /** A message of a person, as the occasion of another reply. */
    async question(id: string): Promise<Question | undefined> {
      const [row] = await sql<Question[]>`
        select m.id as "messageId", m.conversation_id as "conversationId", c.workspace_id as "workspaceId",
          coalesce(m.thread_id, m.id) as "threadId", m.content
        from messages m join conversations c on c.id = m.conversation_id
        where m.id = ${id} and m.deleted_at is null and c.deleted_at is null`
      return row
    },

    /** The reply of a conversation that has not begun yet. */
    async waiting(conversationId: string): Promise<{ messageId: string; jobId: string } | undefined> {
      const [row] = await sql<{ messageId: string; jobId: string }[]>`
        select id as "jobId", data->>'messageId' as "messageId" from jobs
        where dedupe_key = ${waitingKey(conversationId)} and state = 'queued'`
      return row
    },

    /** The unfinished job that writes a reply. */
    async jobOf(messageId: string): Promise<string | undefined> {
      const [row] = await sql<{ id: string }[]>`
        select id from jobs where name = 'reply.generate' and state in ('queued', 'active') and data->>'messageId' = ${messageId}`
      return row?.id
    },

    /** The reply that a job writes. */
    async messageOf(jobId: string): Promise<string | undefined> {
      const [row] = await sql<{ id: string }[]>`
        select data->>'messageId' as id from jobs where id = ${jobId} and name = 'reply.generate'`
      return row?.id
    },

    /** Replies that nobody writes any more: their job is over, or there never was one. */
    async abandoned(ageMs: number): Promise<string[]> {
      const rows = await sql<{ id: string }[]>`
        select m.id from messages m where m.status = 'streaming' and m.created_at < now() - ${ageMs} * interval '1 millisecond'
          and not exists (select from jobs j where j.name = 'reply.generate' and j.state in ('queued', 'active')
            and j.data->>'messageId' = m.id::text)
        limit 100`
      return rows.map((row) => row.id)
    },
  }
}

/** See {@link createReplyRepository}. */
export type ReplyRepository = ReturnType<typeof createReplyRepository>

/**
 * Parts what is asked from what was said before. Messages since the reply before belong to the question, those included that came while the
 * reply was waiting. A reply that is made again answers its one message.
 */
function split(rows: readonly Turn[], reply: ReplyRow): Pick<ReplyContext, 'questions' | 'history'> {
  const before = rows.findLast((row) => row.role === 'assistant' && row.seq < reply.seq)?.seq ?? 0
  const asked = rows.find((row) => row.id === reply.replyTo)
  const again = asked !== undefined && asked.seq <= before
  const isQuestion = (row: Turn) => (again ? row === asked : row.role === 'user' && row.seq > before)
  const isPast = (row: Turn) =>
    row.seq <= (again ? asked.seq - 1 : before) && row.status !== 'streaming' && row.content !== ''
  return {
    questions: rows.filter(isQuestion).map(({ content, attachments }) => ({ content, attachments })),
    history: rows.filter(isPast).map(({ role, content }) => ({ role, content })),
  }
}

/** The reply as clients see it. */
export function toMessage(row: ReplyRow): Message {
  const { id, conversationId, seq, content, citations, status, version, createdAt, replyTo, threadId } = row
  return {
    id,
    conversationId,
    seq,
    role: 'assistant',
    authorId: null,
    content,
    attachments: [],
    citations,
    status,
    version,
    createdAt,
    ...(replyTo !== null && { replyTo }),
    ...(threadId !== null && { threadId }),
  }
}
