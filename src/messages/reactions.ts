import { problem } from '../contracts/errors.ts'
import { topicOf } from '../contracts/events.ts'
import { idAfter } from '../contracts/list.ts'
import type { Message, ReactionCount } from '../contracts/messages.ts'
import type { Actor, ConversationOperation } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { toPage } from '../lib/cursor.ts'
import { normalEmoji } from '../lib/emoji.ts'
import { newId } from '../lib/ids.ts'
import type { Reaction, Reactions } from './model.ts'

/** What reactions need. */
export interface ReactionsDeps {
  db: Database
  /** The message, having demanded that the actor may do this in its conversation. */
  find: (actor: Actor, id: string, operation: ConversationOperation) => Promise<Message>
}

/** Different emojis on one message, by whomever. */
export const MAX_EMOJIS = 20

function one(emoji: string): string {
  const normal = normalEmoji(emoji)
  if (normal === undefined) throw problem('UNPROCESSABLE', { detail: 'A reaction is exactly one emoji' })
  return normal
}

/** The counts with one more or one less of an emoji; those without anybody are gone, a new one comes last. */
export function counted(counts: readonly ReactionCount[], emoji: string, by: 1 | -1): ReactionCount[] {
  const known = counts.some((count) => count.emoji === emoji)
  const all = known ? counts : [...counts, { emoji, count: 0 }]
  return all
    .map((count) => (count.emoji === emoji ? { ...count, count: count.count + by } : count))
    .filter(({ count }) => count > 0)
}

/** Reactions to messages: one for each user and emoji, counted on the message. */
export function createReactions({ db, find }: ReactionsDeps) {
  async function locked(tx: Tx, id: string): Promise<ReactionCount[]> {
    const [row] = await tx.sql<{ reactions: ReactionCount[]; deleted: boolean; status: Message['status'] }[]>`
      select reactions, deleted_at is not null as deleted, status from messages where id = ${id} for no key update`
    if (row === undefined) throw problem('NOT_FOUND', { detail: 'No such message' })
    if (row.deleted) throw problem('CONFLICT', { detail: 'The message is deleted' })
    if (row.status === 'streaming') throw problem('CONFLICT', { detail: 'The reply is still being written' })
    return row.reactions
  }

  async function write(tx: Tx, actor: Actor, id: string, emoji: string, active: boolean): Promise<boolean> {
    const { userId } = actor
    const rows = active
      ? await tx.sql`
          insert into message_reactions (id, message_id, user_id, emoji) values (${newId()}, ${id}, ${userId}, ${emoji})
          on conflict (message_id, user_id, emoji) do nothing returning 1`
      : await tx.sql`
          delete from message_reactions where message_id = ${id} and user_id = ${userId} and emoji = ${emoji} returning 1`
    return rows.length > 0
  }

  return {
    /**
     * Adds a reaction of the actor, or takes it away; what is so already stays.
     * @throws UNPROCESSABLE for what is no emoji, or too many different ones; CONFLICT for a message that is deleted or being written
     */
    async react(actor: Actor, id: string, given: string, active = true): Promise<Reactions & { changed: boolean }> {
      const { conversationId } = await find(actor, id, 'conversations:write')
      const emoji = one(given)
      return db.transact(async (tx) => {
        const before = await locked(tx, id)
        if (!(await write(tx, actor, id, emoji, active))) return { messageId: id, reactions: before, changed: false }
        const reactions = counted(before, emoji, active ? 1 : -1)
        if (reactions.length > MAX_EMOJIS)
          throw problem('UNPROCESSABLE', { detail: `A message takes at most ${MAX_EMOJIS} different reactions` })
        await tx.sql`update messages set reactions = ${JSON.stringify(reactions)}::text::jsonb where id = ${id}`
        tx.emit({
          topic: topicOf('conversation', conversationId),
          name: active ? 'reaction.added' : 'reaction.removed',
          data: { messageId: id, conversationId, userId: actor.userId, emoji, reactions },
        })
        return { messageId: id, reactions, changed: true }
      })
    },

    /** Who has reacted with what, in that order. */
    async list(actor: Actor, id: string, { limit, cursor }: { limit: number; cursor?: string | undefined }) {
      await find(actor, id, 'conversations:read')
      const after = idAfter(cursor)
      const rows = await db.sql<(Reaction & { id: string })[]>`
        select r.id, r.message_id as "messageId", r.user_id as "userId", u.name, r.emoji, r.created_at as "createdAt"
        from message_reactions r join users u on u.id = r.user_id
        where r.message_id = ${id} ${after === undefined ? db.sql`` : db.sql`and r.id > ${after}`}
        order by r.id limit ${limit + 1}`
      return toPage([...rows], limit, (row) => [row.id])
    },
  }
}
