import { type Actor, type Operation, WORKSPACE_POLICY } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import type { Highlight, SearchQuery, SearchResult } from './model.ts'
import { createSearchRepository, MARKS } from './repository.ts'

/** What the search needs from outside. */
export interface SearchDeps {
  db: Pick<Database, 'sql'>
  /** The workspace a request works in, having demanded that the actor may; see the workspaces service. */
  resolveWorkspace: (actor: Actor, id: string | undefined, operation: Operation) => Promise<{ id: string }>
}

/** Search over messages, documents and symbols. Each kind is ranked by itself; nothing is found that could not be read. */
export function createSearch({ db, resolveWorkspace }: SearchDeps) {
  const repository = createSearchRepository(db.sql)

  return {
    /** @throws NOT_FOUND, FORBIDDEN for a workspace that the actor may not read */
    async search(actor: Actor, { q, workspaceId, limit }: SearchQuery): Promise<SearchResult> {
      const { id } = await resolveWorkspace(actor, workspaceId, 'graph:read')
      const words = q.trim()
      const [messages, documents, symbols] = await Promise.all([
        // Without a workspace also those of conversations where one is a guest.
        repository.messages(actor.userId, workspaceId, WORKSPACE_POLICY['conversations:read'], words, limit),
        repository.documents(id, words, limit),
        repository.symbols(id, words, limit),
      ])
      return { messages: messages.map(unmark), documents: documents.map(unmark), symbols: symbols.map(unmark) }
    },
  }
}

/** See {@link createSearch}. */
export type Search = ReturnType<typeof createSearch>

function unmark<Hit extends { marked: string }>({
  marked,
  ...hit
}: Hit): Omit<Hit, 'marked'> & { highlight: Highlight } {
  return { ...hit, highlight: highlightOf(marked) }
}

/** Takes the marks out of a text and tells where they stood. */
export function highlightOf(marked: string): Highlight {
  const ranges: number[][] = []
  let text = ''
  for (const piece of marked.replaceAll(MARKS.less, '<').split(MARKS.start)) {
    const [inside, outside] = piece.split(MARKS.stop)
    if (outside !== undefined && inside) ranges.push([text.length, text.length + inside.length])
    text += (inside ?? '') + (outside ?? '')
  }
  return { text, ranges }
}
