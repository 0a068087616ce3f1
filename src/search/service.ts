import { type Actor, type Operation, WORKSPACE_POLICY } from '../contracts/policy.ts'
import type { FoundPassage, Retrieval } from '../contracts/retrieval.ts'
import type { Database } from '../db/database.ts'
import type { Highlight, SearchQuery, SearchResult } from './model.ts'
import { createSearchRepository, MARKS } from './repository.ts'
import { parseWords } from './words.ts'

type PlaceHit = SearchResult['documents'][number]

/** What the search needs from outside. */
export interface SearchDeps {
  db: Pick<Database, 'sql'>
  retrieval: Retrieval
  /** The workspace a request works in, having demanded that the actor may; see the workspaces service. */
  resolveWorkspace: (actor: Actor, id: string | undefined, operation: Operation) => Promise<{ id: string }>
}

/** Search over messages, documents and symbols. Each kind is ranked by itself; nothing is found that could not be read. */
export function createSearch({ db, retrieval, resolveWorkspace }: SearchDeps) {
  const repository = createSearchRepository(db.sql)

  async function places(kind: 'doc' | 'code', workspaceId: string, q: string, limit: number): Promise<PlaceHit[]> {
    const { text, ...filters } = parseWords(q)
    const { passages } = await retrieval.search(text, { workspaceId, kind, ...filters }, limit)
    const marked = await repository.excerpts(
      passages.map(({ id }) => id),
      text,
    )
    return passages.map((passage) => toPlace(passage, marked.get(passage.id) ?? ''))
  }

  return {
    /** @throws NOT_FOUND, FORBIDDEN for a workspace that the actor may not read */
    async search(actor: Actor, { q, workspaceId, limit }: SearchQuery): Promise<SearchResult> {
      const { id } = await resolveWorkspace(actor, workspaceId, 'graph:read')
      const words = q.trim()
      const [messages, documents, symbols] = await Promise.all([
        // Without a workspace also those of conversations where one is a guest.
        repository.messages(actor.userId, workspaceId, WORKSPACE_POLICY['conversations:read'], words, limit),
        places('doc', id, words, limit),
        places('code', id, words, limit),
      ])
      return { messages: messages.map(unmark), documents, symbols }
    },
  }
}

/** See {@link createSearch}. */
export type Search = ReturnType<typeof createSearch>

function toPlace(passage: FoundPassage, marked: string): PlaceHit {
  const { sourceId, uploadId, path, startLine, endLine, nodeId = null, symbol, heading } = passage
  const title = symbol ?? heading ?? ''
  return { sourceId, uploadId, path, startLine, endLine, nodeId, title, highlight: highlightOf(marked) }
}

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
