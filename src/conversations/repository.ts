import type { Sql, TransactionSql } from 'postgres'
import type { AssistantMode } from '../contracts/assistant.ts'
import type { ConversationAccess, ConversationRole, WorkspaceRole } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import { isRefused, type Tx } from '../db/transaction.ts'
import { createCombiner } from '../lib/combine.ts'
import type { Conversation, ConversationMember, DeletedConversation } from './model.ts'

/** A conversation as one user stands towards it. */
export interface ConversationRow extends ConversationAccess {
  id: string
  workspaceId: string
  title: string
  assistant: AssistantMode
  createdBy: string | null
  version: number
  createdAt: string
  updatedAt: string
  readSeq: number
  unread: number
}

/** A conversation to be made, together with its event. */
export interface NewConversation {
  record: Conversation
  userId: string
  topic: string
}

/** What became of a {@link NewConversation}: its event's place, or nothing where the user may not write there. */
export interface MadeConversation {
  nth: number
  epoch: string
  seq: number
}

/** How far unread messages are counted, and how many rows are looked at for it: the count is exact while no more lie behind the marker. */
const UNREAD_MAX = 100
const UNREAD_SCAN = 10_000
/** What is unread for a user, given as SQL, behind the marker `rm`. Along the index of (conversation, seq), and never further than the bounds. */
const unread = (user: string) => `
    (select count(*)::int from (
      select 1 from (
        select x.author_id, x.deleted_at from messages x where x.conversation_id = c.id and x.seq > coalesce(rm.seq, 0)
        order by x.seq limit ${UNREAD_SCAN}
      ) behind where behind.deleted_at is null and behind.author_id is distinct from ${user} limit ${UNREAD_MAX}
    ) counted) as unread`

/** $1 conversations, $2 users: one row for each pair that fits, with its place in the lists. */
const FIND = `
  select g.nth::int, c.id, c.workspace_id as "workspaceId", c.title, c.assistant, c.created_by as "createdBy", c.version,
    c.created_at as "createdAt", c.updated_at as "updatedAt",
    wm.role as "workspaceRole", cm.role as "memberRole", coalesce(rm.seq, 0) as "readSeq",${unread('g.user_id')}
  from unnest($1::uuid[], $2::uuid[]) with ordinality as g(id, user_id, nth)
  join conversations c on c.id = g.id and c.deleted_at is null
  join workspaces w on w.id = c.workspace_id and w.deleted_at is null
  left join workspace_members wm on wm.workspace_id = c.workspace_id and wm.user_id = g.user_id
  left join conversation_members cm on cm.conversation_id = c.id and cm.user_id = g.user_id
  left join read_markers rm on rm.conversation_id = c.id and rm.user_id = g.user_id
  where wm.role is not null or cm.role is not null`

type FoundColumns = [
  nth: number,
  id: string,
  workspaceId: string,
  title: string,
  assistant: AssistantMode,
  createdBy: string | null,
  version: number,
  createdAt: string,
  updatedAt: string,
  workspaceRole: WorkspaceRole | null,
  memberRole: ConversationRole | null,
  readSeq: number,
  unread: number,
]

const toRow = (columns: FoundColumns): ConversationRow => ({
  id: columns[1],
  workspaceId: columns[2],
  title: columns[3],
  assistant: columns[4],
  createdBy: columns[5],
  version: columns[6],
  createdAt: columns[7],
  updatedAt: columns[8],
  workspaceRole: columns[9],
  memberRole: columns[10],
  readSeq: columns[11],
  unread: columns[12],
})

/** Looks for one conversation as one user stands towards it. */
interface Sought {
  id: string
  userId: string
}

/** A list of UUIDs as PostgreSQL writes it. */
const uuids = (list: string[]) => `{${list.join(',')}}`

/** SQL of conversations and their members. */
export function createConversationRepository({ sql, prepared }: Database) {
  const findAll = prepared(FIND, (columns: FoundColumns) => ({ nth: columns[0], row: toRow(columns) }))
  const find = createCombiner<Sought, ConversationRow | undefined>({
    async run(sought) {
      const found: (ConversationRow | undefined)[] = sought.map(() => undefined)
      const [ids, users] = [sought.map(({ id }) => id), sought.map(({ userId }) => userId)]
      for (const { nth, row } of await findAll(uuids(ids), uuids(users))) found[nth - 1] = row
      return found
    },
    undone: isRefused,
  })
  const columns = sql`c.id, c.workspace_id as "workspaceId", c.title, c.assistant, c.created_by as "createdBy", c.version,
    c.created_at as "createdAt", c.updated_at as "updatedAt"`
  const memberColumns = sql`m.conversation_id as "conversationId", m.user_id as "userId", u.name, m.role, coalesce(r.seq, 0) as "readSeq", m.created_at as "createdAt"`
  /** The standing of a user, and what it makes of the conversation. */
  const standing = (userId: string) => sql`
    join workspaces w on w.id = c.workspace_id and w.deleted_at is null
    left join workspace_members wm on wm.workspace_id = c.workspace_id and wm.user_id = ${userId}
    left join conversation_members cm on cm.conversation_id = c.id and cm.user_id = ${userId}
    left join read_markers rm on rm.conversation_id = c.id and rm.user_id = ${userId}`
  const standingColumns = sql`
    wm.role as "workspaceRole", cm.role as "memberRole", coalesce(rm.seq, 0) as "readSeq",${sql.unsafe(unread('me.id'))}`
  const memberJoins = sql`
    join users u on u.id = m.user_id
    left join read_markers r on r.conversation_id = m.conversation_id and r.user_id = m.user_id`

  return {
    /**
     * Makes conversations with their owner and their event in one statement; those whose user has none of the roles in the workspace
     * are left out of the answer.
     */
    insert: (run: Sql | TransactionSql, items: readonly NewConversation[], roles: readonly WorkspaceRole[]) =>
      run<MadeConversation[]>`
        with given as (
          select * from unnest(
            ${sql.array(items.map(({ record }) => record.id))}::uuid[],
            ${sql.array(items.map(({ record }) => record.workspaceId))}::uuid[],
            ${sql.array(items.map(({ userId }) => userId))}::uuid[],
            ${sql.array(items.map(({ record }) => record.title))}::text[],
            ${sql.array(items.map(({ record }) => record.assistant))}::text[],
            ${sql.array(items.map(({ record }) => record.createdAt))}::text[]::timestamptz[],
            ${sql.array(items.map(({ topic }) => topic))}::text[],
            ${sql.array(items.map(({ record }) => JSON.stringify(record)))}::text[]::jsonb[]
          ) with ordinality as g(id, workspace_id, user_id, title, assistant, at, topic, data, nth)
        ), allowed as (
          select given.*, row_number() over (order by given.nth) as k from given
          join workspaces w on w.id = given.workspace_id and w.deleted_at is null
          join workspace_members wm on wm.workspace_id = given.workspace_id and wm.user_id = given.user_id
            and wm.role = any(${sql.array([...roles])}::text[])
        ), made as (
          insert into conversations (id, workspace_id, title, assistant, created_by, created_at, updated_at)
          select id, workspace_id, title, assistant, user_id, at, at from allowed
        ), joined as (
          insert into conversation_members (conversation_id, user_id, role, created_at) select id, user_id, 'owner', at from allowed
        ), told as (
          select * from emit_events(
            (select array_agg(topic order by k) from allowed),
            (select array_agg('conversation.created'::text) from allowed),
            (select array_agg(data order by k) from allowed)
          ) with ordinality as e(epoch, seq, k)
        )
        select allowed.nth::int, told.epoch, told.seq from allowed join told using (k)`,

    /** A conversation with the standing of a user, whatever that is. Reads that come at the same time share a statement. */
    find: (id: string, userId: string): Promise<ConversationRow | undefined> => find({ id, userId }),

    /** Those that a user may see, newest first. */
    list: (userId: string, workspaceId: string | undefined, limit: number, before: string | undefined) => {
      const within = workspaceId === undefined ? sql`` : sql`and c.workspace_id = ${workspaceId}`
      const older = before === undefined ? sql`` : sql`and c.id < ${before}`
      return sql<ConversationRow[]>`
        with visible as (
          select found.id from workspace_members mine
          join workspaces w on w.id = mine.workspace_id and w.deleted_at is null
          cross join lateral (
            select c.id from conversations c where c.workspace_id = mine.workspace_id and c.deleted_at is null ${within} ${older}
            order by c.id desc limit ${limit}
          ) found where mine.user_id = ${userId}
          union
          (select c.id from conversation_members mine
          join conversations c on c.id = mine.conversation_id and c.deleted_at is null ${within}
          join workspaces w on w.id = c.workspace_id and w.deleted_at is null
          where mine.user_id = ${userId} ${older} order by c.id desc limit ${limit})
        )
        select ${columns}, ${standingColumns} from visible join conversations c on c.id = visible.id ${standing(userId)}
        cross join (select ${userId}::uuid as id) me
        order by c.id desc limit ${limit}`
    },

    /** Changes it if it still has that version. */
    async update(
      tx: Tx,
      id: string,
      version: number,
      change: { title?: string | undefined; assistant?: AssistantMode | undefined },
    ): Promise<Conversation | undefined> {
      const [row] = await tx.sql<Conversation[]>`
        update conversations c set title = coalesce(${change.title ?? null}, title), assistant = coalesce(${change.assistant ?? null}, assistant),
               version = version + 1, updated_at = now()
        where id = ${id} and version = ${version} and deleted_at is null returning ${columns}`
      return row
    },

    async remove(tx: Tx, id: string, version: number): Promise<Conversation | undefined> {
      const [row] = await tx.sql<Conversation[]>`
        update conversations c set deleted_at = now(), version = version + 1, updated_at = now()
        where id = ${id} and version = ${version} and deleted_at is null returning ${columns}`
      return row
    },

    /** A deleted conversation that can still be restored, locked, with the standing of a user. */
    async findDeleted(tx: Tx, id: string, userId: string, days: number): Promise<ConversationAccess | undefined> {
      const [row] = await tx.sql<ConversationAccess[]>`
        select wm.role as "workspaceRole", cm.role as "memberRole" from conversations c ${standing(userId)}
        where c.id = ${id} and c.deleted_at > now() - make_interval(days => ${days}) and (wm.role is not null or cm.role is not null)
        for update of c`
      return row
    },

    async restore(tx: Tx, id: string): Promise<Conversation> {
      const [row] = await tx.sql<Conversation[]>`
        update conversations c set deleted_at = null, version = version + 1, updated_at = now() where id = ${id} returning ${columns}`
      return row as Conversation
    },

    /** Deleted conversations of a workspace that can still be restored, newest first. */
    deleted: (workspaceId: string, days: number, limit: number, before: string | undefined) =>
      sql<Omit<DeletedConversation, 'restorableUntil'>[]>`
        select c.id, c.workspace_id as "workspaceId", c.title, c.deleted_at as "deletedAt" from conversations c
        where c.workspace_id = ${workspaceId} and c.deleted_at > now() - make_interval(days => ${days})
          ${before === undefined ? sql`` : sql`and c.id < ${before}`}
        order by c.id desc limit ${limit + 1}`,

    /** A registered user. */
    async findUser(key: { userId?: string | undefined; email?: string | undefined }) {
      const [row] = await sql<{ id: string }[]>`
        select u.id from users u where u.disabled_at is null
          and ${key.userId === undefined ? sql`lower(u.email) = lower(${key.email ?? ''})` : sql`u.id = ${key.userId}`}`
      return row
    },

    /** The workspace of a conversation, and whether somebody belongs to it. */
    async placeOf(tx: Tx, id: string, userId: string) {
      const [row] = await tx.sql<{ workspaceId: string; inside: boolean }[]>`
        select c.workspace_id as "workspaceId",
          exists (select 1 from workspace_members m where m.user_id = ${userId} and m.workspace_id = c.workspace_id) as inside
        from conversations c where c.id = ${id} and c.deleted_at is null`
      return row
    },

    /** False when it is a member already. */
    async addMember(tx: Tx, id: string, userId: string, role: ConversationRole): Promise<boolean> {
      const rows = await tx.sql`
        insert into conversation_members (conversation_id, user_id, role) values (${id}, ${userId}, ${role})
        on conflict do nothing returning user_id`
      return rows.length > 0
    },

    async member(run: Sql | TransactionSql, id: string, userId: string): Promise<ConversationMember | undefined> {
      const [row] = await run<ConversationMember[]>`
        select ${memberColumns} from conversation_members m ${memberJoins}
        where m.conversation_id = ${id} and m.user_id = ${userId}`
      return row
    },

    async removeMember(tx: Tx, id: string, userId: string): Promise<boolean> {
      const rows = await tx.sql`
        delete from conversation_members where conversation_id = ${id} and user_id = ${userId} returning user_id`
      return rows.length > 0
    },

    members: (id: string, limit: number, after: string | undefined) =>
      sql<ConversationMember[]>`
        select ${memberColumns} from conversation_members m ${memberJoins}
        where m.conversation_id = ${id} ${after === undefined ? sql`` : sql`and m.user_id > ${after}`}
        order by m.user_id limit ${limit}`,

    /** Moves a read marker forward, never back and never past the newest number. Undefined when it stands there already. */
    async markRead(tx: Tx, id: string, userId: string, topic: string, seq: number): Promise<number | undefined> {
      const [row] = await tx.sql<{ readSeq: number }[]>`
        insert into read_markers as m (conversation_id, user_id, seq)
        select ${id}, ${userId}, least(${seq}::bigint, coalesce((select t.seq from topics t where t.topic = ${topic}), 0))
        on conflict (conversation_id, user_id) do update set seq = excluded.seq where m.seq < excluded.seq
        returning m.seq as "readSeq"`
      return row?.readSeq
    },
  }
}
