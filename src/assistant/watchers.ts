import type { PubSub } from '../contracts/pubsub.ts'

/** A piece of a reply. */
export interface Piece {
  messageId: string
  index: number
  text: string
}

/** A writer says that it begins, so that readers who were there before can ask. */
const BEGIN = 'assistant.begin'
/** A reader asks for the pieces of a reply. */
const WATCH = 'assistant.watch'
const PIECES = 'assistant.pieces'

interface Writing {
  /** All that was written so far. */
  text: string
  next: number
  /** Whether somebody on another instance reads along. */
  relayed: boolean
}

/**
 * Brings the pieces of a reply to a reader that is no socket (an HTTP stream), wherever it is written. Pieces go over the bus
 * only while somebody on another instance reads along; who comes late gets the beginning in one piece.
 */
export async function createWatchers(pubsub: Pick<PubSub, 'publish' | 'subscribe'>, onError: (error: unknown) => void) {
  const writing = new Map<string, Writing>()
  const readers = new Map<string, Set<(piece: Piece) => void>>()
  const hand = (piece: Piece) => {
    for (const reader of readers.get(piece.messageId) ?? []) reader(piece)
  }
  const publish = (channel: string, payload: string) => void pubsub.publish(channel, payload).catch(onError)
  const beginningOf = (messageId: string, { text, next }: Writing): Piece => ({ messageId, index: next - 1, text })

  const stops = [
    await pubsub.subscribe(BEGIN, (messageId) => {
      if (readers.has(messageId) && !writing.has(messageId)) publish(WATCH, messageId)
    }),
    await pubsub.subscribe(WATCH, (messageId) => {
      const own = writing.get(messageId)
      if (!own) return
      own.relayed = true
      if (own.next > 0) publish(PIECES, JSON.stringify({ ...beginningOf(messageId, own), whole: true }))
    }),
    await pubsub.subscribe(PIECES, (payload) => {
      const piece = JSON.parse(payload) as Piece
      if (!writing.has(piece.messageId)) hand(piece)
    }),
  ]

  return {
    /** The writer's side: call `piece` for each, in order, and `end`. */
    begin(messageId: string) {
      const own: Writing = { text: '', next: 0, relayed: false }
      writing.set(messageId, own)
      publish(BEGIN, messageId)
      return {
        piece(piece: Piece): void {
          own.text += piece.text
          own.next = piece.index + 1
          hand(piece)
          if (own.relayed) publish(PIECES, JSON.stringify(piece))
        },
        end: () => void writing.delete(messageId),
      }
    },

    /**
     * The reader's side. Calls back with the text so far and then with each further stretch, in order and without holes, until the
     * answer is called. A reply that is begun anew starts over: `restart` is true then.
     */
    follow(messageId: string, onText: (text: string, restart: boolean) => void): () => void {
      let next = 0
      const reader = (piece: Piece & { whole?: boolean }) => {
        if (piece.whole ? next > 0 : piece.index !== next && piece.index !== 0) return
        const restart = piece.index === 0 && next > 0
        next = piece.index + 1
        onText(piece.text, restart)
      }
      const known = readers.get(messageId) ?? new Set()
      readers.set(messageId, known.add(reader))
      const own = writing.get(messageId)
      if (own && own.next > 0) reader({ ...beginningOf(messageId, own), whole: true })
      else if (!own) publish(WATCH, messageId)
      return () => {
        known.delete(reader)
        if (known.size === 0) readers.delete(messageId)
      }
    },

    async close(): Promise<void> {
      await Promise.all(stops.map((stop) => stop()))
    },
  }
}

/** See {@link createWatchers}. */
export type Watchers = Awaited<ReturnType<typeof createWatchers>>
