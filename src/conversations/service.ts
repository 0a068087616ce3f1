import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { type EventName, type StoredEvent, topicOf } from '../contracts/events.ts'
import { idAfter } from '../contracts/list.ts'
import {
  type Actor,
  type ConversationOperation,
  demandInConversation,
  type Operation,
  WORKSPACE_POLICY,
} from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import { isRefused, retried, type Tx } from '../db/transaction.ts'
import { createCombiner } from '../lib/combine.ts'
import { toPage } from '../lib/cursor.ts'
import { matchesETag, recordETag } from '../lib/etag.ts'
import { newId } from '../lib/ids.ts'
import { createConversationLifecycle, noteConversation, tellMember } from './lifecycle.ts'
import type {
  AddConversationMemberBody,
  Conversation,
  ConversationMember,
  ConversationQuery,
  CreateConversationBody,
  ReadMarker,
  UpdateConversationBody,
} from './model.ts'
import {
  type ConversationRow,
  createConversationRepository,
  type MadeConversation,
  type NewConversation,
} from './repository.ts'

/** What conversations need from outside. */
export interface ConversationsDeps {
  db: Database
  /** The workspace a request works in, having demanded that the actor may; see the workspaces service. */
  resolveWorkspace: (actor: Actor, id: string | undefined, operation: Operation) => Promise<{ id: string }>
  /** The personal workspace of a user; never changes. */
  personalWorkspace: (actor: Actor) => Promise<string>
  /** For how many days what was deleted can be restored. */
  deletedKeptDays: number
}

const DEFAULT_TITLE = 'New conversation'

const present = (row: ConversationRow): Conversation => ({
  id: row.id,
  workspaceId: row.workspaceId,
  title: row.title,
  assistant: row.assistant,
  createdBy: row.createdBy,
  version: row.version,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
  role: row.memberRole,
  readSeq: row.readSeq,
  unread: row.unread,
})

/** Conversations, who takes part, and how far each has read. Not their messages. */
export function createConversations({ db, resolveWorkspace, personalWorkspace, deletedKeptDays }: ConversationsDeps) {
  const repository = createConversationRepository(db)
  const lifecycle = createConversationLifecycle({ db, repository, resolveWorkspace, deletedKeptDays })

  /** Demands that the actor may do something in a conversation, and answers it. */
  async function access(actor: Actor, id: string, operation: ConversationOperation): Promise<ConversationRow> {
    return demandInConversation(await repository.find(id, actor.userId), operation)
  }

  const eventOf = ({ record, topic }: NewConversation, { epoch, seq }: MadeConversation): StoredEvent => ({
    topic,
    name: 'conversation.created',
    data: record,
    epoch,
    seq,
  })

  async function write(items: NewConversation[], tx?: Tx): Promise<boolean[]> {
    const roles = WORKSPACE_POLICY['conversations:write']
    const made = await (tx
      ? repository.insert(tx.sql, items, roles)
      : retried(() => repository.insert(db.sql, items, roles)))
    const events = made.map((one) => eventOf(items[one.nth - 1] as NewConversation, one))
    if (tx) tx.stored(events)
    else db.announce({ events, jobs: [] })
    const done = new Set(made.map(({ nth }) => nth))
    return items.map((_, index) => done.has(index + 1))
  }

  // Conversations that are made at the same time share one statement and one commit. One at a time: two would mostly wait for
  // each other, at the counter of the same workspace.
  const combined = createCombiner<NewConversation, boolean>({
    run: (items) => write(items),
    undone: isRefused,
    parallel: 1,
  })

  const tell = (tx: Tx, name: EventName, data: Conversation) => {
    for (const topic of [topicOf('conversation', data.id), topicOf('workspace', data.workspaceId)])
      tx.emit({ topic, name, data })
  }

  async function expectMatch(actor: Actor, id: string, ifMatch: string, operation: ConversationOperation) {
    const row = await access(actor, id, operation)
    if (!matchesETag(ifMatch, recordETag(row))) throw problem('PRECONDITION_FAILED')
    return row
  }

  return {
    access,
    ...lifecycle,

    async create(actor: Actor, input: CreateConversationBody): Promise<Conversation> {
      const now = new Date().toISOString()
      const workspaceId = input.workspaceId ?? (await personalWorkspace(actor))
      const record: Conversation = {
        id: newId(),
        workspaceId,
        title: input.title ?? DEFAULT_TITLE,
        assistant: input.assistant ?? 'auto',
        createdBy: actor.userId,
        version: 1,
        createdAt: now,
        updatedAt: now,
      }
      const item = { record, userId: actor.userId, topic: topicOf('workspace', workspaceId) }
      const answer: Conversation = { ...record, role: 'owner', readSeq: 0, unread: 0 }
      let made = false
      if (db.watched()) {
        await db.transact(async (tx) => {
          made = (await write([item], tx))[0] === true
          return made ? answer : undefined
        })
      } else {
        made = await combined(item)
      }
      // Nothing was written: the role in the workspace says why.
      if (!made) await resolveWorkspace(actor, workspaceId, 'conversations:write')
      return answer
    },

    async get(actor: Actor, id: string): Promise<Conversation> {
      return present(await access(actor, id, 'conversations:read'))
    },

    async list(actor: Actor, query: ConversationQuery) {
      if (query.workspaceId !== undefined) await resolveWorkspace(actor, query.workspaceId, 'conversations:read')
      const rows = await repository.list(actor.userId, query.workspaceId, query.limit + 1, idAfter(query.cursor))
      return toPage(rows.map(present), query.limit, (row) => [row.id])
    },

    async update(actor: Actor, id: string, ifMatch: string, input: UpdateConversationBody): Promise<Conversation> {
      const before = await expectMatch(actor, id, ifMatch, 'conversations:update')
      return db.transact(async (tx) => {
        const changed = await repository.update(tx, id, before.version, input)
        if (changed === undefined) throw problem('PRECONDITION_FAILED')
        tell(tx, 'conversation.updated', changed)
        return { ...present(before), ...changed }
      })
    },

    async remove(actor: Actor, id: string, ifMatch: string, origin?: Origin): Promise<void> {
      const { version, workspaceId } = await expectMatch(actor, id, ifMatch, 'conversations:moderate')
      await db.transact(async (tx) => {
        const removed = await repository.remove(tx, id, version)
        if (removed === undefined) throw problem('PRECONDITION_FAILED')
        await noteConversation(tx, 'conversation.deleted', actor, { conversationId: id, workspaceId }, origin)
        tell(tx, 'conversation.deleted', removed)
      })
    },

    async members(actor: Actor, id: string, query: { limit: number; cursor?: string | undefined }) {
      await access(actor, id, 'conversations:read')
      const rows = await repository.members(id, query.limit + 1, idAfter(query.cursor))
      return toPage([...rows], query.limit, (row) => [row.userId])
    },

    /**
     * Adds a registered user. Undefined for an email that nobody has: who is behind it can be invited.
     * @throws UNPROCESSABLE when nobody has that id, CONFLICT for one who is there already
     */
    async addMember(
      actor: Actor,
      id: string,
      input: AddConversationMemberBody,
      origin?: Origin,
    ): Promise<ConversationMember | undefined> {
      await access(actor, id, 'conversations:moderate')
      const user = await repository.findUser(input)
      if (user === undefined && input.userId === undefined) return undefined
      if (user === undefined) throw problem('UNPROCESSABLE', { detail: 'No such user' })
      return db.transact((tx) => lifecycle.join(tx, actor, { id, userId: user.id }, origin))
    },

    /** Removes a member; everybody may leave. The owner stays. */
    async removeMember(actor: Actor, id: string, userId: string, origin?: Origin): Promise<void> {
      const { workspaceId } = await access(
        actor,
        id,
        userId === actor.userId ? 'conversations:read' : 'conversations:moderate',
      )
      await db.transact(async (tx) => {
        const member = await repository.member(tx.sql, id, userId)
        if (member === undefined) throw problem('NOT_FOUND', { detail: 'No such member' })
        if (member.role === 'owner') throw problem('CONFLICT', { detail: 'The owner cannot be removed' })
        await repository.removeMember(tx, id, userId)
        const about = { conversationId: id, workspaceId, userId }
        await noteConversation(tx, 'conversation.member_removed', actor, about, origin)
        tellMember(tx, 'conversation.member_removed', member)
      })
    },

    /** Moves the actor's read marker forward; further back than it stands changes nothing. */
    async read(actor: Actor, id: string, seq: number): Promise<ReadMarker> {
      const { readSeq } = await access(actor, id, 'conversations:read')
      const topic = topicOf('conversation', id)
      const marker = { conversationId: id, userId: actor.userId }
      if (seq <= readSeq) return { ...marker, seq: readSeq }
      return db.transact(async (tx) => {
        const moved = await repository.markRead(tx, id, actor.userId, topic, seq)
        if (moved === undefined) return { ...marker, seq: readSeq }
        const data = { ...marker, seq: moved }
        tx.emit({ topic, name: 'message.read', data })
        return data
      })
    },
  }
}

/** See {@link createConversations}. */
export type Conversations = ReturnType<typeof createConversations>
