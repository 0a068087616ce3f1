import type { Citation } from './messages.ts'

/**
 * The model port: turns a question with its context into a reply, piece by piece.
 *
 * It is not the assistant: who may ask, what is searched, how a reply is stored and streamed are the assistant's. A model only
 * writes. It gets passages that were found and may cite them by number; it opens no files and knows no database.
 */
export interface Model {
  /** For logs, usage and metrics, e.g. `built-in`. */
  readonly name: string
  /** Whether its tokens cost something: then they count against the monthly allowance of whoever asks. */
  readonly metered: boolean
  /**
   * Writes one reply. The deltas joined are the whole text. Stops soon after `signal` is aborted (by throwing its
   * reason). Throws a plain error when the provider fails; the caller decides about trying again.
   */
  reply(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>
}

/** What a model gets to write one reply. */
export interface ModelRequest {
  /** The message that is answered. */
  question: string
  /** Earlier turns, oldest first, without the question. */
  history: readonly ModelTurn[]
  /** What the search found, best first. Empty means that nothing was found: the model has to say so, not to guess. */
  passages: readonly ModelPassage[]
  /** What was looked through, for an honest "nothing found". */
  searched: { files: number; uploads: number }
  /** Set when the message asks for nothing in the files. */
  smallTalk?: 'greeting' | 'thanks' | 'self'
  /** What it may write at most. */
  maxOutputTokens: number
  /** How to behave: the text of a persona. */
  instructions?: string
  /** The page the question was asked on. */
  page?: string
}

/** A turn of the conversation so far. */
export interface ModelTurn {
  role: 'user' | 'assistant'
  content: string
}

/** A stretch of a file that may answer the question. */
export interface ModelPassage {
  uploadId: string | null
  path: string
  /** First line of `text`, from 1. */
  startLine: number
  endLine: number
  kind: 'doc' | 'code'
  text: string
  /** The graph node it belongs to, and what it is called. */
  nodeId?: string
  symbol?: string
  heading?: string
  /** Larger is better; comparable within one request only. */
  score: number
  /** The words of the question that it holds, in lower case. */
  matched: readonly string[]
}

/** What comes out of a model while it writes. */
export type ModelEvent =
  | { type: 'delta'; text: string }
  | { type: 'citation'; citation: Citation }
  /** What the reply has cost, once; without it both are estimated. */
  | { type: 'usage'; inputTokens: number; outputTokens: number }
