import type { NewEvent } from './events.ts'

/** When the assistant answers in a conversation. */
export const ASSISTANT_MODES = ['auto', 'always', 'mention', 'off'] as const
/** See {@link ASSISTANT_MODES}. */
export type AssistantMode = (typeof ASSISTANT_MODES)[number]

/** What decides whether a new message gets a reply. */
export interface ReplyOccasion {
  conversationId: string
  workspaceId: string
  mode: AssistantMode
  /** People who take part; with `auto` the assistant answers unasked only when there is one. */
  humanMembers: number
  /** The new message. */
  messageId: string
  authorId: string
  /** The thread that the reply belongs to. */
  threadId: string
  content: string
  /** The id that the reply gets, where tokens are held for it already; else one is made. */
  replyId?: string | undefined
}

/** A reply that is going to be written: what to store and to announce together with the message that it answers. */
export interface ReplyPlan<Transaction> {
  /** Id of the reply's message. */
  messageId: string
  jobId: string
  /** The event `reply.started` with the waiting message (`seq: null`); to be emitted right after `message.created`. */
  event: NewEvent
  /** Stores the waiting message under the number that its event got. Returns nothing; call it once. */
  store(tx: Transaction, seq: number): Promise<void>
}

/**
 * Port: how the messages feature has a reply written. Called inside the transaction that stores the message, so that message,
 * waiting reply and job exist together or not at all. It is not the assistant: nothing is searched or written here.
 *
 * `undefined` means that no reply is due: the mode says no, or one is queued already and will take this message along.
 */
export type PlanReply<Transaction> = (
  tx: Transaction,
  occasion: ReplyOccasion,
) => Promise<ReplyPlan<Transaction> | undefined>
