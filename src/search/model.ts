import Type, { type Static } from 'typebox'
import { Enum, Id, Nullable, Ref, Time } from '../contracts/http.ts'
import { MESSAGE_ROLES } from '../contracts/messages.ts'

/** Query of a search. */
export const SearchQuery = Type.Object(
  {
    q: Type.String({
      minLength: 1,
      maxLength: 500,
      pattern: '^[^\\u0000]*\\S[^\\u0000]*$',
      description: 'Words, "a phrase", -without, or the name of a symbol',
      examples: ['createCache'],
    }),
    workspaceId: Type.Optional({ ...Id, description: 'Where to look; without: your personal workspace' }),
    limit: Type.Integer({ minimum: 1, maximum: 50, default: 10, description: 'Hits of each kind' }),
  },
  { additionalProperties: false },
)
export type SearchQuery = Static<typeof SearchQuery>

/** A stretch of text with what was searched in it. Plain text: nothing in it is markup. */
export const Highlight = Type.Object(
  {
    text: Type.String(),
    ranges: Type.Array(Type.Array(Type.Integer(), { minItems: 2, maxItems: 2 }), {
      description: 'Where the words stand in `text`: [from, to) in UTF-16 units',
    }),
  },
  { $id: 'Highlight', description: 'A stretch of text with what was searched in it' },
)
export type Highlight = Static<typeof Highlight>

const MessageHit = Type.Object({
  messageId: Id,
  conversationId: Id,
  conversationTitle: Type.String(),
  seq: Type.Integer(),
  role: Enum(MESSAGE_ROLES),
  authorId: Nullable(Id),
  createdAt: Time,
  highlight: Ref(Highlight),
})
const PlaceHit = Type.Object({
  sourceId: Id,
  uploadId: Nullable(Id),
  path: Type.String({ examples: ['docs/guide.md'] }),
  startLine: Type.Integer({ minimum: 1 }),
  endLine: Type.Integer({ minimum: 1 }),
  nodeId: Nullable(Id),
  title: Type.String({ description: 'Name of the symbol, or the way of headings' }),
  highlight: Ref(Highlight),
})

/** What a search found, the best of each kind first. */
export const SearchResult = Type.Object(
  { messages: Type.Array(MessageHit), documents: Type.Array(PlaceHit), symbols: Type.Array(PlaceHit) },
  { $id: 'SearchResult', description: 'What a search found' },
)
export type SearchResult = Static<typeof SearchResult>
