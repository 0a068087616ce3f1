import { topicOf } from '../contracts/events.ts'
import type { ServerFrame } from '../contracts/frames.ts'
import type { Actor, ConversationOperation } from '../contracts/policy.ts'

/** What typing needs from outside. */
export interface TypingDeps {
  access: (actor: Actor, conversationId: string, operation: ConversationOperation) => Promise<unknown>
  broadcast: (topic: string, frame: ServerFrame, key: string) => void
  now?: () => number
}

/** The same again is passed on no more often than this, ms: receivers forget after 10 s, and rights are asked only then. */
const THROTTLE_MS = 3000
const MAX_KNOWN = 10_000

/** Who is typing: told to those who follow the conversation, never stored. */
export function createTyping({ access, broadcast, now = () => performance.now() }: TypingDeps) {
  const told = new Map<string, { active: boolean; at: number }>()

  return async function typing(actor: Actor, conversationId: string, active: boolean): Promise<void> {
    const key = `${actor.userId} ${conversationId}`
    const before = told.get(key)
    if (before && before.active === active && now() - before.at < THROTTLE_MS) return
    await access(actor, conversationId, 'conversations:write')
    told.delete(key)
    told.set(key, { active, at: now() })
    if (told.size > MAX_KNOWN) told.delete(told.keys().next().value as string)
    const frame: ServerFrame = { type: 'typing', conversationId, userId: actor.userId, active }
    broadcast(topicOf('conversation', conversationId), frame, actor.userId)
  }
}

/** See {@link createTyping}. */
export type Typing = ReturnType<typeof createTyping>
