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
import { createPlainStore } from './plain.ts'
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

/** The record of a message, before it has its number. */
function written({ actor, conversationId, input }: Sending, mentions: string[] = [], threadId: string | null = null) {
  const { uploadIds = [], clientId, replyTo, content } = input
  return {
    id: newId(),
    conversationId,
    role: 'user' as const,
    authorId: actor.userId,
    content,
    ...(clientId !== undefined && { clientId }),
    ...(replyTo !== undefined && { replyTo }),
    ...(threadId !== null && { threadId }),
    ...(mentions.length > 0 && { mentions }),
    attachments: uploadIds,
    citations: [],
    status: 'complete' as const,
    version: 1,
    createdAt: new Date().toISOString(),
  }
}

const createdEvent = (message: Omit<Message, 'seq'>): NewEvent => ({
  topic: topicOf('conversation', message.conversationId),
  name: 'message.created',
  data: { ...message, seq: null },
})

/** Nothing but text: it answers nobody, calls nobody, and has nothing attached. */
const isPlain = ({ replyId, input: { content, replyTo, uploadIds = [], mentions = [] } }: Sending) =>
  replyId === undefined &&
  replyTo === undefined &&
  uploadIds.length === 0 &&
  mentions.length === 0 &&
  !content.includes('@')

/**
 * Stores messages with their events: those that come at the same time in one commit. Plain ones take one statement, others two (look, then store). Where the
 * assistant shall answer, the waiting replies and their jobs go into the same transaction.
 */
export function createDelivery({ db, planReply, mayAttach }: DeliveryDeps) {
  const repository = createMessageRepository(db)
  const storePlain = createPlainStore(db)

  async function admit(sending: Sending, destination: Destination): Promise<Ready | Outcome> {
    const { actor, conversationId, input } = sending
    const { uploadIds = [] } = input
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
    return { ...sending, destination, message: written(sending, mentions, destination.threadId) }
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
      const { message } = one
      const at = events.length
      rows.push({ message, at })
      events.push(createdEvent(message))
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
  async function runAll(items: readonly Sending[], recorded = false): Promise<Outcome[]> {
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

  /**
   * Plain messages in one statement; what it left out goes the long way. Nobody's order changes by that: of a conversation whose assistant may
   * reply, all are left out.
   */
  async function runPlain(items: readonly Sending[]): Promise<Outcome[]> {
    const messages = items.map((item) => written(item))
    const events = messages.map(createdEvent)
    const places = await retried(() =>
      storePlain(
        messages.map((message, index) => {
          const { topic, data } = events[index] as NewEvent
          return { message, topic, data }
        }),
      ),
    )
    const outcomes: (Outcome | undefined)[] = items.map(() => undefined)
    const stored = places.map(({ nth, epoch, seq }) => {
      const message: Message = { ...(messages[nth - 1] as Omit<Message, 'seq'>), seq }
      outcomes[nth - 1] = { message, created: true }
      return { ...(events[nth - 1] as NewEvent), epoch, seq, data: message }
    })
    db.announce({ events: stored, jobs: [] })
    const left = items.filter((_, index) => outcomes[index] === undefined)
    if (left.length === 0) return outcomes as Outcome[]
    // The others are stored: whatever becomes of these is theirs alone.
    const rest = await runAll(left).catch((refused: unknown) => left.map(() => ({ refused })))
    return outcomes.map((outcome) => outcome ?? (rest.shift() as Outcome))
  }

  const run = (items: readonly Sending[]) => (items.every(isPlain) ? runPlain(items) : runAll(items))

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
      outcome = db.watched() ? ((await runAll([sending], true))[0] as Outcome) : await combined(sending)
      if ('refused' in outcome) throw outcome.refused
    } catch (error) {
      if (isDuplicate(error)) return repeated(sending)
      throw error
    }
    return 'existing' in outcome ? repeated(sending) : outcome
  }
}
