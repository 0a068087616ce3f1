import { topicOf } from '../contracts/events.ts'
import type { ServerFrame } from '../contracts/frames.ts'
import type { Actor, ConversationOperation } from '../contracts/policy.ts'

/** What typing needs from outside. Times in ms. */
export interface TypingDeps {
  access: (actor: Actor, conversationId: string, operation: ConversationOperation) => Promise<unknown>
  broadcast: (topic: string, frame: ServerFrame, key: string) => void
  now?: () => number
  /** Calls back every `ms`; the answer stops it. */
  every?: (ms: number, handler: () => void) => () => void
}

/** Somebody who goes on typing is told of again no more often than this; rights are asked only then. */
export const TYPING_THROTTLE_MS = 10_000
/** Whoever has not said so for this long has stopped, and the others are told: longer than the throttle, so that nobody flickers. */
export const TYPING_EXPIRY_MS = 15_000
const SWEEP_MS = 1000
const MAX_KNOWN = 10_000

interface Told {
  conversationId: string
  userId: string
  active: boolean
  /** When the others were told, and when the user last said it. */
  at: number
  heard: number
}

const unref = (ms: number, handler: () => void) => {
  const timer = setInterval(handler, ms)
  timer.unref()
  return () => clearInterval(timer)
}

/** Who is typing: told to those who follow the conversation, never stored, and over by itself. */
export function createTyping({ access, broadcast, now = () => performance.now(), every = unref }: TypingDeps) {
  const told = new Map<string, Told>()

  function tell(one: Told): void {
    const { conversationId, userId, active } = one
    const frame: ServerFrame = { type: 'typing', conversationId, userId, active }
    broadcast(topicOf('conversation', conversationId), frame, userId)
  }

  const stop = every(SWEEP_MS, () => {
    for (const [key, one] of told) {
      if (one.active && now() - one.heard >= TYPING_EXPIRY_MS) tell({ ...one, active: false })
      else if (one.active || now() - one.at < TYPING_THROTTLE_MS) continue
      told.delete(key)
    }
  })

  async function typing(actor: Actor, conversationId: string, active: boolean): Promise<void> {
    const key = `${actor.userId} ${conversationId}`
    const before = told.get(key)
    if (before) before.heard = now()
    if (before && before.active === active && now() - before.at < TYPING_THROTTLE_MS) return
    await access(actor, conversationId, 'conversations:write')
    // To say that one has stopped without having begun is nothing to tell.
    const news = active || before?.active === true
    told.delete(key)
    const one = { conversationId, userId: actor.userId, active, at: now(), heard: now() }
    told.set(key, one)
    if (told.size > MAX_KNOWN) told.delete(told.keys().next().value as string)
    if (news) tell(one)
  }

  return Object.assign(typing, { close: stop })
}

/** See {@link createTyping}. */
export type Typing = ReturnType<typeof createTyping>
