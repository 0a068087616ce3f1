import type { PlanReply, ReplyPlan } from '../contracts/assistant.ts'
import { problem } from '../contracts/errors.ts'
import { type NewEvent, topicOf } from '../contracts/events.ts'
import type { Message } from '../contracts/messages.ts'
import { type Actor, demandInConversation } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import { isRefused, retried, type Tx } from '../db/transaction.ts'
import { createCombiner } from '../lib/combine.ts'
import { newId } from '../lib/ids.ts'
import { findMentioned, mentionEvents } from './mentions.ts'
import type { SendBody } from './model.ts'
import { createMessageRepository, type Destination, type NewMessage } from './repository.ts'

/** What the delivery of messages needs from outside. */
export interface DeliveryDeps {
  db: Database
  /** Has a reply written by the assistant; see the port. */
  planReply: PlanReply<Tx>
  /** Whether all these uploads exist and the actor may attach them to a conversation of the workspace. */
  mayAttach: (actor: Actor, workspaceId: string, uploadIds: readonly string[]) => Promise<boolean>
}

/** A message on its way. */
export interface Sending {
  actor: Actor
  conversationId: string
  input: SendBody
  /** The id that a reply of the assistant gets, where one is planned along. */
  replyId?: string | undefined
}

/** What became of it. `reply` is the waiting reply of the assistant, where one was planned along. */
export interface Sent {
  message: Message
  /** False when it had been stored before, under the same clientId. */
  created: boolean
  reply?: { messageId: string; jobId: string }
}

type Outcome = Sent | { refused: unknown } | { existing: string }
interface Ready extends Sending {
  destination: Destination
  message: Omit<Message, 'seq'>
}

const isDuplicate = (error: unknown) =>
  (error as { constraint_name?: unknown }).constraint_name === 'messages_client_id'

/**
 * Stores messages with their events: those that come at the same time in one statement and one commit (look, then store). Where the
 * assistant shall answer, the waiting replies and their jobs go into the same transaction.
 */
export function createDelivery({ db, planReply, mayAttach }: DeliveryDeps) {
  const repository = createMessageRepository(db)

  async function admit(sending: Sending, destination: Destination): Promise<Ready | Outcome> {
    const { actor, conversationId, input } = sending
    const { uploadIds = [], clientId, replyTo, content } = input
    let mentions: string[] = []
    try {
      demandInConversation(destination, 'conversations:write')
      if (destination.existing !== null) return { existing: destination.existing }
      if (!destination.replyFits)
        throw problem('UNPROCESSABLE', { detail: 'replyTo is no message of this conversation' })
      if (uploadIds.length > 0 && !(await mayAttach(actor, destination.workspaceId as string, uploadIds))) {
        throw problem('UNPROCESSABLE', { detail: 'No such upload' })
      }
      mentions = await findMentioned(db.sql, conversationId, input)
    } catch (refused) {
      return { refused }
    }
    const message = {
      id: newId(),
      conversationId,
      role: 'user' as const,
      authorId: actor.userId,
      content,
      ...(clientId !== undefined && { clientId }),
      ...(replyTo !== undefined && { replyTo }),
      ...(destination.threadId !== null && { threadId: destination.threadId }),
      ...(mentions.length > 0 && { mentions }),
      attachments: uploadIds,
      citations: [],
      status: 'complete' as const,
      version: 1,
      createdAt: new Date().toISOString(),
    }
    return { ...sending, destination, message }
  }

  /** False when it is certain that no reply is due: then no transaction of several steps is needed. */
  function mayGetReply({ destination: { assistant, humanMembers }, message }: Ready): boolean {
    if (assistant === 'off') return false
    return assistant === 'always' || (assistant === 'auto' && humanMembers <= 1) || /@assistant/i.test(message.content)
  }

  const occasionOf = ({ message, destination, conversationId, actor, replyId }: Ready) => ({
    conversationId,
    workspaceId: destination.workspaceId as string,
    mode: destination.assistant,
    humanMembers: destination.humanMembers,
    messageId: message.id,
    authorId: actor.userId,
    threadId: destination.threadId ?? message.id,
    content: message.content,
    replyId,
  })

  async function store(ready: readonly Ready[], tx: Tx | undefined): Promise<Sent[]> {
    const events: NewEvent[] = []
    const rows: NewMessage[] = []
    const plans: { plan: ReplyPlan<Tx>; at: number }[] = []
    const sent: { index: number; reply?: { messageId: string; jobId: string } }[] = []
    for (const one of ready) {
      const { message, conversationId } = one
      const at = events.length
      rows.push({ message, at })
      events.push({
        topic: topicOf('conversation', conversationId),
        name: 'message.created',
        data: { ...message, seq: null },
      })
      const plan = tx && mayGetReply(one) ? await planReply(tx, occasionOf(one)) : undefined
      if (plan) {
        plans.push({ plan, at: events.length })
        events.push(plan.event)
      }
      events.push(...mentionEvents(message))
      sent.push({ index: at, ...(plan && { reply: { messageId: plan.messageId, jobId: plan.jobId } }) })
    }
    const positions = await (tx
      ? repository.store(tx.sql, events, rows)
      : retried(() => repository.store(db.sql, events, rows)))
    const stored = events.map((event, index) => {
      const position = positions[index] as { epoch: string; seq: number }
      const numbered = (event.data as { seq?: unknown }).seq === null
      return { ...event, ...position, data: numbered ? { ...event.data, seq: position.seq } : event.data }
    })
    if (tx) {
      tx.stored(stored)
      for (const { plan, at } of plans) await plan.store(tx, positions[at]?.seq as number)
    } else {
      db.announce({ events: stored, jobs: [] })
    }
    return sent.map(({ index, reply }) => ({
      message: stored[index]?.data as unknown as Message,
      created: true,
      ...(reply && { reply }),
    }))
  }

  /** @param recorded stores in a transaction that records the message as its result; for one item */
  async function run(items: readonly Sending[], recorded = false): Promise<Outcome[]> {
    const destinations = await repository.look(
      items.map(({ conversationId, actor, input }) => ({
        conversationId,
        userId: actor.userId,
        clientId: input.clientId,
        replyTo: input.replyTo,
      })),
    )
    const outcomes = await Promise.all(items.map((item, index) => admit(item, destinations[index] as Destination)))
    const ready = outcomes.filter((outcome): outcome is Ready => 'destination' in outcome)
    if (ready.length === 0) return outcomes as Outcome[]
    let sent: Sent[] = []
    if (recorded || ready.some(mayGetReply)) {
      await db.transact(async (tx) => {
        sent = await store(ready, tx)
        return sent[0]?.message
      })
    } else {
      sent = await store(ready, undefined)
    }
    return outcomes.map((outcome) => ('destination' in outcome ? (sent.shift() as Sent) : outcome))
  }

  // One run at a time: what a connection sends one after the other is stored in that order.
  const combined = createCombiner<Sending, Outcome>({ run, undone: isRefused, parallel: 1 })

  async function repeated({ actor, conversationId, input }: Sending): Promise<Sent> {
    const message = await repository.byClientId(conversationId, actor.userId, input.clientId ?? '')
    if (message === undefined) throw problem('CONFLICT', { detail: 'The message could not be stored, try again' })
    return { message, created: false }
  }

  /**
   * Stores a message; the same clientId again answers the same message, whoever comes first.
   * @throws NOT_FOUND, FORBIDDEN, UNPROCESSABLE
   */
  return async function send(sending: Sending): Promise<Sent> {
    let outcome: Outcome
    try {
      outcome = db.watched() ? ((await run([sending], true))[0] as Outcome) : await combined(sending)
    } catch (error) {
      if (isDuplicate(error)) return repeated(sending)
      throw error
    }
    if ('refused' in outcome) throw outcome.refused
    return 'existing' in outcome ? repeated(sending) : outcome
  }
}
