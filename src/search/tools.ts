import { toolOf } from '../contracts/tools.ts'
import { SearchQuery, SearchResult } from './model.ts'
import type { Search } from './service.ts'

const tool = toolOf<Search>()

/** The search as a tool for agents. */
export const SEARCH_TOOLS = [
  tool({
    name: 'search',
    title: 'Search',
    description:
      'Search messages, documents and code of a workspace by words, "a phrase", -without, or the name of a symbol. Hits of documents and symbols have path and lines to cite, and the nodeId for the tools of the graph.',
    needs: 'graph:read',
    scope: 'conversations:read',
    limit: 'read',
    writes: false,
    input: SearchQuery,
    output: SearchResult,
    run: (search, actor, input) => search.search(actor, input),
  }),
]
