import type { ModelPassage } from './model.ts'

/**
 * The retrieval port: what stands in a workspace about a text. One for all who look something up: the assistant, the search and the graph. It knows
 * no rights: whoever calls has checked that the workspace may be read.
 */
export interface Retrieval {
  /** The passages that answer a text best, one of each node and none of them a rough guess: `limit` at most. */
  search(text: string, scope: RetrievalScope, limit: number): Promise<Found>
}

/** Where to look. */
export interface RetrievalScope {
  workspaceId: string
  /** Nothing but this source. */
  sourceId?: string
  /** Uploads that the question is about: their passages are preferred. */
  preferred?: readonly string[]
  /** Nothing but these uploads. */
  only?: readonly string[]
  /** Nothing but passages of this kind. */
  kind?: 'doc' | 'code'
  /** Phrases that a passage must hold. */
  phrases?: readonly string[]
  /** Words that a passage must not hold. */
  without?: readonly string[]
}

/** A passage with its place in the database. */
export interface FoundPassage extends ModelPassage {
  id: string
  sourceId: string
}

/** What a search brought. */
export interface Found {
  /** Best first; empty when nothing answers the question well enough. */
  passages: FoundPassage[]
  /** How much was looked through. */
  searched: { files: number; uploads: number }
}
